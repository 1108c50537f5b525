"""The words that a bundle's files may use, as the Jobs API and the bundle reference name them.

A test holds the words of a task and of a job beside the fields of the vendor's open SDK.
"""

from __future__ import annotations

ROOT_KEYS = frozenset(
    """
    artifacts bundle environments experimental include permissions presets python resources run_as scripts sync targets
    variables workspace
    """.split()
)
TARGET_KEYS = frozenset(
    """
    artifacts bundle cluster_id compute_id default git mode permissions presets resources run_as sync variables workspace
    """.split()
)
JOB_KEYS = frozenset(
    """
    budget_policy_id continuous deployment description duration_target edit_mode environment_variables email_notifications environments format git_source health
    job_clusters lifecycle max_concurrent_runs name notification_settings parameters parent_path performance_target permissions queue
    run_as schedule tags tasks timeout_seconds trigger triggers usage_policy_id webhook_notifications
    """.split()
)
TASK_TYPES = frozenset(
    """
    ai_function_task ai_runtime_task alert_task clean_rooms_notebook_task condition_task dashboard_task dbt_cloud_task dbt_platform_task dbt_task
    for_each_task gen_ai_compute_task notebook_task pipeline_task power_bi_task python_operator_task python_wheel_task run_job_task
    spark_jar_task spark_python_task spark_submit_task sql_task
    """.split()
)
TASK_KEYS = TASK_TYPES | frozenset(
    """
    compute depends_on description disable_auto_optimization disabled email_notifications environment_key environment_variables_key
    existing_cluster_id health job_cluster_key libraries max_retries min_retry_interval_millis new_cluster
    notification_settings retry_on_timeout run_if task_key timeout_seconds webhook_notifications
    """.split()
)
RUN_IF = frozenset("ALL_SUCCESS AT_LEAST_ONE_SUCCESS NONE_FAILED ALL_DONE AT_LEAST_ONE_FAILED ALL_FAILED".split())
TARGET_MODES = frozenset({"development", "production"})
