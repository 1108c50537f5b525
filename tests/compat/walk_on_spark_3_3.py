"""What a deployed job does with the library on DBR 11.3, as far as a laptop has it; run in that environment.

Writes one JSON document to the file that its argument names.
"""

import json
import sys
from pathlib import Path

told = {"python": list(sys.version_info[:2])}

import dex_dbutils

heavy = {"pyspark", "pandas", "pyarrow", "numpy"}
told["heavy at import"] = sorted(heavy & {name.partition(".")[0] for name in sys.modules})
told["names"] = {name: type(getattr(dex_dbutils, name)).__name__ for name in dex_dbutils.__all__}

from dex_dbutils import ConfigError, get_session, get_spark, get_table_name, load_environment
from dex_dbutils.catalog import list_tables
from dex_dbutils.config import environment_names, find_project, json_schema

told["environments"] = environment_names(find_project())
cluster = load_environment("cluster")
told["environment"] = json.loads(
    cluster.json() if not hasattr(cluster, "model_dump_json") else cluster.model_dump_json()
)
told["schema"] = sorted(json_schema()["properties"])
try:
    load_environment("broken")
except ConfigError as error:
    told["broken"] = error.to_dict()
told["table"] = get_table_name("cluster", "silver", "flights")

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

warehouse = str(Path.cwd() / "warehouse")
active = (
    SparkSession.builder.master("local[2]")
    .config("spark.sql.warehouse.dir", warehouse)
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
session = get_session("cluster")
told["spark"] = active.version
told["same session"] = session.spark is active and get_spark("cluster") is active
told["setting"] = active.conf.get("spark.sql.session.timeZone")
for layer in ("bronze", "silver"):
    active.sql(f"CREATE SCHEMA IF NOT EXISTS {session.environment.schema_name(layer)}")
flights = active.range(100).select(
    (F.col("id") % 3).alias("carrier"),
    F.when(F.col("id") % 10 == 0, None).otherwise(F.col("id") * 1.5).alias("delay"),
    F.concat(F.lit("N"), F.col("id")).alias("tailnum"),
)
flights.write.mode("overwrite").saveAsTable(session.table("silver", "flights"))
told["rows"] = session.read("silver", "flights").count()
told["tables"] = [[table.layer, table.name] for table in list_tables(cluster, active)]

session.dbutils.fs.put("dbfs:/out/a.txt", "done")
session.dbutils.widgets.text("year", "1999")
session.dbutils.jobs.taskValues.set("rows", told["rows"])
told["dbutils"] = [
    session.dbutils.fs.head("dbfs:/out/a.txt"),
    session.dbutils.widgets.get("year"),
    session.dbutils.jobs.taskValues.get("any", "rows"),
]

Path("other.ipynb").write_text("{}")
try:
    session.dbutils.notebook.run("other")
except dex_dbutils.UtilitiesError as error:
    told["notebook"] = error.code

profile = dex_dbutils.profile(session.read("silver", "flights"), name="flights")
told["profile"] = profile.to_dict()
told["profile text"] = profile.to_text()
active.stop()
Path(sys.argv[1]).write_text(json.dumps(told, default=str))
