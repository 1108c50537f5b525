"""What each message of Spark Connect is to the guard, by the name of its field in the protocol.

A field that is not listed here counts as a write: newer clients bring newer messages. A test walks the installed
protocol and fails on one without a class, so that nobody finds out by a refusal.
"""

from __future__ import annotations

#: Reads, or changes the session alone; nested relations are looked at one by one.
HARMLESS = "harmless"
#: Taken apart in `dex.guard.plans`.
EXAMINED = "examined"
#: Changes something that outlives the session, and does not say what in a way that the guard reads.
UNKNOWN = "unknown"

RELATIONS: dict[str, str] = {
    **dict.fromkeys(
        """
        project filter join set_op sort limit aggregate local_relation sample offset deduplicate range
        subquery_alias repartition to_df with_columns_renamed show_string drop tail with_columns hint unpivot to_schema
        repartition_by_expression map_partitions collect_metrics parse group_map co_group_map with_watermark
        apply_in_pandas_with_state html_string cached_local_relation cached_remote_relation
        common_inline_user_defined_table_function as_of_join common_inline_user_defined_data_source with_relations
        transpose unresolved_table_valued_function lateral_join chunked_cached_local_relation relation_changes
        nearest_by_join fill_na drop_na replace summary crosstab describe cov corr approx_quantile freq_items sample_by
        ml_relation
        """.split(),
        HARMLESS,
    ),
    "read": EXAMINED,
    "sql": EXAMINED,
    "catalog": EXAMINED,
    "extension": UNKNOWN,
    "unknown": UNKNOWN,
}

COMMANDS: dict[str, str] = {
    **dict.fromkeys(
        """
        register_function create_dataframe_view streaming_query_command get_resources_command
        streaming_query_manager_command register_table_function streaming_query_listener_bus_command
        register_data_source create_resource_profile_command checkpoint_command remove_cached_remote_relation_command
        """.split(),
        HARMLESS,
    ),
    **dict.fromkeys(
        """
        sql_command write_operation write_operation_v2 write_stream_operation_start merge_into_table_command ml_command
        """.split(),
        EXAMINED,
    ),
    "execute_external_command": UNKNOWN,
    "pipeline_command": UNKNOWN,
    "extension": UNKNOWN,
}

#: `spark.catalog`: the field that holds the name of what is changed, and what that name stands for.
CATALOG_WRITES: dict[str, tuple[str, str]] = {
    "create_external_table": ("table_name", "table"),
    "create_table": ("table_name", "table"),
    "recover_partitions": ("table_name", "table"),
    "drop_table": ("table_name", "table"),
    "drop_view": ("view_name", "table"),
    "truncate_table": ("table_name", "table"),
    "analyze_table": ("table_name", "table"),
    "create_database": ("db_name", "schema"),
    "drop_database": ("db_name", "schema"),
}
CATALOG: dict[str, str] = {
    **dict.fromkeys(
        """
        current_database list_databases list_tables list_functions list_columns get_database get_table
        get_function database_exists table_exists function_exists drop_temp_view drop_global_temp_view is_cached
        cache_table uncache_table clear_cache refresh_table refresh_by_path current_catalog list_catalogs
        list_partitions list_views get_table_properties get_create_table_string
        """.split(),
        HARMLESS,
    ),
    "set_current_catalog": EXAMINED,
    "set_current_database": EXAMINED,
    **dict.fromkeys(CATALOG_WRITES, EXAMINED),
}

ML: dict[str, str] = {
    **dict.fromkeys(
        "fit fetch delete read evaluate clean_cache get_cache_info create_summary get_model_size".split(), HARMLESS
    ),
    "write": EXAMINED,
}

EXPRESSIONS: dict[str, str] = {
    **dict.fromkeys(
        """
        literal unresolved_attribute unresolved_function expression_string unresolved_star alias cast
        unresolved_regex sort_order lambda_function window unresolved_extract_value update_fields
        unresolved_named_lambda_variable common_inline_user_defined_function call_function named_argument_expression
        merge_action typed_aggregate_expression subquery_expression direct_shuffle_partition_id
        """.split(),
        HARMLESS,
    ),
    "extension": UNKNOWN,
}

PLANS: dict[str, str] = {"root": EXAMINED, "command": EXAMINED, "compressed_operation": EXAMINED}

CONFIG: dict[str, str] = {
    **dict.fromkeys("get get_with_default get_option get_all unset is_modifiable".split(), HARMLESS),
    "set": EXAMINED,
}

#: `AnalyzePlan` looks at plans and runs none; SQL texts inside are looked at all the same.
ANALYSES: dict[str, str] = dict.fromkeys(
    """
    schema explain tree_string is_local is_streaming input_files spark_version ddl_parse same_semantics semantic_hash
    persist unpersist get_storage_level json_to_ddl
    """.split(),
    HARMLESS,
)

#: Requests by the name of their message.
REQUESTS: dict[str, str] = {
    "ExecutePlanRequest": EXAMINED,
    "AnalyzePlanRequest": EXAMINED,
    "ConfigRequest": EXAMINED,
    "CloneSessionRequest": EXAMINED,
    **dict.fromkeys(
        """
        AddArtifactsRequest ArtifactStatusesRequest InterruptRequest ReattachExecuteRequest ReleaseExecuteRequest
        ReleaseSessionRequest FetchErrorDetailsRequest GetStatusRequest
        """.split(),
        HARMLESS,
    ),
}

#: Message -> its oneof and the classes of that oneof's fields, for everything that the guard walks.
CLASSES: dict[str, tuple[str, dict[str, str]]] = {
    "spark.connect.Plan": ("op_type", PLANS),
    "spark.connect.Relation": ("rel_type", RELATIONS),
    "spark.connect.Command": ("command_type", COMMANDS),
    "spark.connect.Catalog": ("cat_type", CATALOG),
    "spark.connect.MlCommand": ("command", ML),
    "spark.connect.Expression": ("expr_type", EXPRESSIONS),
    "spark.connect.ConfigRequest.Operation": ("op_type", CONFIG),
    "spark.connect.AnalyzePlanRequest": ("analyze", ANALYSES),
}
