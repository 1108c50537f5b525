"""What the local engine cannot do: its own words for that, and what to do instead."""

from __future__ import annotations

import re

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError, Where

_UPKEEP = "It changes no rows, and a local table needs no upkeep: leave it to the environments on Databricks"
_ADD_PATH = "Add the name where the file is read: spark.read.csv(path).withColumn('file_path', F.lit(path))"
_PYTHON = "Keep the value in a variable of Python: spark.sql('... WHERE day = :day', args={'day': day})"
_NOBODY = "Local tables are yours alone: leave it to the environments on Databricks"

#: Word that Sail's parser stops at -> the statement, and what to do instead.
_STATEMENTS = {
    "OPTIMIZE": ("OPTIMIZE", _UPKEEP),
    "VACUUM": ("VACUUM", _UPKEEP),
    "REORG": ("REORG", _UPKEEP),
    "FSCK": ("FSCK REPAIR", _UPKEEP),
    "MSCK": ("MSCK REPAIR", _UPKEEP),
    "HISTORY": ("DESCRIBE HISTORY", "A version can be read by its number: SELECT * FROM table VERSION AS OF 0"),
    "DETAIL": ("DESCRIBE DETAIL", "DESCRIBE TABLE EXTENDED table says where it lies"),
    "RESTORE": ("RESTORE", "INSERT OVERWRITE table SELECT * FROM table VERSION AS OF 0 brings its rows back"),
    "COPY": (
        "COPY INTO",
        "spark.read.csv(path).write.mode('append').saveAsTable(table) appends a file, each time that it is run",
    ),
    "SHALLOW": ("SHALLOW CLONE", "CREATE TABLE copy AS SELECT * FROM table"),
    "DEEP": ("DEEP CLONE", "CREATE TABLE copy AS SELECT * FROM table"),
    "CLONE": ("CLONE", "CREATE TABLE copy AS SELECT * FROM table"),
    "TRUNCATE": ("TRUNCATE", "DELETE FROM table"),
    "PARTITIONS": ("SHOW PARTITIONS", "SELECT DISTINCT of the partition's columns"),
    "TBLPROPERTIES": ("SHOW TBLPROPERTIES", "Ask for them on Databricks"),
    "DECLARE": ("DECLARE", _PYTHON),
    "EXECUTE": ("EXECUTE IMMEDIATE", _PYTHON),
    "BEGIN": ("scripts of SQL", "Run the statements one by one from Python"),
    "QUALIFY": ("QUALIFY", "Put the window into a subquery, and its condition into WHERE"),
    "FUNCTION": ("CREATE FUNCTION", "spark.udf.register(name, function)"),
    "VOLUME": ("CREATE VOLUME", "A volume is a folder here: dbutils.fs.mkdirs('/Volumes/catalog/schema/volume')"),
    "GRANT": ("GRANT", _NOBODY),
    "REVOKE": ("REVOKE", _NOBODY),
    "CONVERT": ("CONVERT TO DELTA", "spark.read.parquet(path).write.saveAsTable(table)"),
}
#: What Sail says -> what it cannot do, and what to do instead.
_SAID = (
    (r'Identifier\("_metadata"\)', "the column _metadata of files", _ADD_PATH),
    (r"function: input_file_name$", "input_file_name", _ADD_PATH),
    (
        r"unknown table function: read_files$",
        "read_files",
        "spark.read.csv(path, header=True), or SELECT * FROM csv.`path`",
    ),
    (
        r"unknown table function: table_changes$",
        "the change data feed",
        "Compare two versions: SELECT * FROM table VERSION AS OF 1 EXCEPT SELECT * FROM table VERSION AS OF 0",
    ),
    (
        r"command with parameters$",
        "changing statements with a parameter that is no single value",
        "Give several values as a temporary view, and MERGE with it",
    ),
    (r"Could not find config namespace", "settings by SQL", "spark.conf.set('key', 'value')"),
    (
        r"^unsupported ALTER TABLE operation$",
        "this kind of ALTER TABLE",
        "frame.write.mode('append').option('mergeSchema', 'true') adds columns; overwriteSchema changes them",
    ),
    (r"^SHOW CREATE TABLE$", "SHOW CREATE TABLE", "spark.table(name).printSchema() shows its columns"),
    (r"^CommandNode::CommentOn", "COMMENT ON", _NOBODY),
    (r"^CommandNode::AnalyzeTable$", "ANALYZE", _UPKEEP),
    (r"^PlanNode::(Unc|C)acheTable$", "CACHE TABLE", "Leave it out here: it changes no result"),
    (r"^CLUSTER BY in CREATE TABLE", "CLUSTER BY", "Leave it out here: it changes no result"),
    (
        r"^Physical plan does not support logical expression (InSubquery|Exists)",
        "this statement with a subquery in its condition",
        "MERGE INTO table USING (subquery) ON ... WHEN MATCHED THEN DELETE, or UPDATE SET ...",
    ),
    (r'Identifier\("ALL"\)\]\) is missing', "GROUP BY ALL and ORDER BY ALL", "Name the columns"),
)
_STOPPED_AT = re.compile(r"^invalid argument: found ([A-Za-z]+) at \d+:\d+ expected ")


def gap(said: str, environment: Environment) -> EngineError | None:
    """Return the error for what the environment's engine cannot do; None where its words say something else.

    Args:
        said: what the engine said.
        environment: the environment of the session.
    """
    if environment.engine.type != "sail":
        return None
    stopped = _STOPPED_AT.match(said)
    if stopped is not None:
        found = _STATEMENTS.get(stopped[1].upper())
    else:
        found = next(((what, instead) for pattern, what, instead in _SAID if re.search(pattern, said)), None)
    if found is None:
        return None
    what, instead = found
    return EngineError(
        "DEX-ENGINE-12",
        f"The local engine, Sail, does not have {what}.",
        Where(key="engine.type"),
        f"{instead}. Or bind an environment whose engine has it: Spark, by engine {{type: connect, url: 'sc://...'}}, or "
        "Databricks.",
    )
