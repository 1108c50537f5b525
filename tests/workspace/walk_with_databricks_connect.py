"""What a person does in `dev` on Databricks; run where the vendor's client is installed.

Arguments: folder of the project, folder for tables, file that gets one JSON document.
"""

import json
import os
import sys
import warnings
from pathlib import Path

project, tables, out = (Path(argument) for argument in sys.argv[1:])
os.environ["DEX_PROJECT"] = str(project)
told = {}

from dex import session
from dex_dbutils import DexError


def refused(work):
    try:
        work()
    except DexError as error:
        return error.code
    return "not refused"


bound = session.bind("dev")
spark = bound.spark
told["environment"] = bound.environment.name
told["client"] = type(spark).__module__
told["spark"] = spark.version
told["rows"] = spark.range(5).count()
told["sql"] = [row.asDict() for row in spark.sql("SELECT 1 AS x").collect()]
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {bound.environment.schema_name('silver')} LOCATION '{tables}'")
spark.range(3).write.format("delta").mode("overwrite").saveAsTable(bound.table("silver", "mine"))
told["written"] = bound.read("silver", "mine").count()
told["refused"] = {
    "other catalog": refused(lambda: spark.sql("DROP TABLE flights_prod.silver.theirs")),
    "other catalog by frame": refused(lambda: spark.range(1).write.saveAsTable("flights_prod.silver.theirs")),
    "short name": refused(lambda: spark.range(1).write.saveAsTable("silver.theirs_short")),
    "not understood": refused(lambda: spark.sql("EXECUTE IMMEDIATE 'DROP TABLE theirs_dynamic'")),
}
told["secret"] = [
    bound.dbutils.secrets.get("flights", "token") == "hunter2",
    repr(bound.dbutils.secrets.get("flights", "token")),
]
bound.dbutils.fs.put("/Volumes/flights_dev/raw/files/a.txt", "from here", True)

prod = session.bind("prod")
told["prod reads"] = prod.spark.range(2).count()
told["refused"]["prod"] = refused(lambda: prod.spark.sql("CREATE TABLE flights_prod.silver.theirs (id INT)"))
told["refused"]["prod, wrong name"] = refused(lambda: session.bind("prod", confirm="yes"))

from databricks.connect import DatabricksSession
from dex.databricks import switch_on
from IPython.core.interactiveshell import InteractiveShell

notebook = InteractiveShell.instance()
notebook.user_ns["spark"] = prod.spark
switch_on(notebook)
told["in a notebook"] = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for name in ("dev", "implied"):
        told["in a notebook"][name] = session.bind(name).spark.range(2).count()
told["in a notebook"]["warnings"] = [str(w.message) for w in caught if "notebook" in str(w.message)]
told["in a notebook"]["kept"] = "sc" in notebook.user_ns
told["in a notebook"]["asked by the person"] = DatabricksSession.builder.getOrCreate() is prod.spark
session.bind("prod")

os.environ["DATABRICKS_TOKEN"] = "wrong-token"
told["refused"]["wrong token"] = refused(lambda: session.bind("strange"))
told["still bound"] = session.current().environment.name
out.write_text(json.dumps(told))
