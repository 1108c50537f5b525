"""Sets of layered notebooks: what each becomes in a declarative pipeline, and what is refused where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CELL = "\n\n# COMMAND ----------\n\n"
SQL_CELL = "\n\n-- COMMAND ----------\n\n"

ROWS = """\
rows = [(1, "eu", 10, "2024-01-01"), (2, "eu", None, "2024-01-01"), (3, "us", 30, "2024-01-02"), (3, "us", 30, "2024-01-02")]
spark.createDataFrame(rows, "id int, region string, amount int, day string").write.mode("overwrite").saveAsTable("bronze.orders")"""


@dataclass(frozen=True)
class Layered:
    """A set of notebooks.

    Attributes:
        notebooks: cells by file name.
        makes: table or view -> what it is.
        expectations: what is checked of rows.
        configuration: of the pipeline.
        unchecked: parts of what the report says of checks that became no expectation.
        local: the local engine runs its notebooks: it has no streams into tables, and no `COMMENT ON`.
        holds: texts of its sources.
    """

    notebooks: dict[str, list[str]]
    makes: dict[str, str]
    expectations: tuple[str, ...] = ()
    configuration: dict[str, str] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    local: bool = True
    holds: tuple[str, ...] = ()

    @property
    def tables(self) -> list[str]:
        """Names of its tables."""
        return [name for name, kind in self.makes.items() if kind != "view"]


MV, ST = "materialized view", "streaming table"

SETS: dict[str, Layered] = {
    "fan-out": Layered(
        {
            "regions.py": [
                ROWS,
                'REGIONS = ("eu", "us")\norders = spark.table("bronze.orders")',
                (
                    "for region in REGIONS:\n"
                    "    part = orders.filter(f\"region = '{region}'\")\n"
                    '    part.write.mode("overwrite").saveAsTable(f"silver.orders_{region}")'
                ),
                "print(orders.count())",
            ]
        },
        {"bronze.orders": MV, "silver.orders_eu": MV, "silver.orders_us": MV},
        holds=("""orders.filter("region = 'eu'")""", 'name="silver.orders_us"'),
    ),
    "diamond over two notebooks": Layered(
        {
            "clean.py": [
                ROWS,
                'bronze = spark.table("bronze.orders")',
                'bronze.dropDuplicates().write.mode("overwrite").saveAsTable("silver.orders")',
                'spark.table("silver.orders").filter("amount is not null").write.mode("overwrite").saveAsTable("silver.paid")',
            ],
            "report.py": [
                "from pyspark.sql import functions as F",
                (
                    'by_day = spark.table("silver.orders").groupBy("day").count()\n'
                    'by_day.write.mode("overwrite").saveAsTable("silver.days")'
                ),
                (
                    'days = spark.read.table("silver.days")\n'
                    'paid = spark.read.table("silver.paid").groupBy("day").agg(F.sum("amount").alias("paid"))\n'
                    '(\n    days.join(paid, "day", "left")\n    # a day without money counts as well\n    .fillna(0)\n'
                    '    .write.mode("overwrite")\n    .saveAsTable("gold.days")\n)'
                ),
            ],
        },
        {"bronze.orders": MV, "silver.orders": MV, "silver.paid": MV, "silver.days": MV, "gold.days": MV},
        holds=("# a day without money counts as well",),
    ),
    "shared functions": Layered(
        {
            "common.py": [
                "from pyspark.sql import functions as F",
                (
                    'LAYER = "silver"\n\n\ndef without_gaps(df, *columns):\n    """Return the rows that have every column."""\n'
                    "    return df.dropna(subset=list(columns))\n\n\n"
                    'def save(df, name, layer=LAYER):\n    """Begin a table anew."""\n'
                    '    target = f"{layer}.{name}"\n    df.write.mode("overwrite").saveAsTable(target)\n'
                    '    print(f"wrote {target}")'
                ),
            ],
            "orders.py": [
                "# MAGIC %run ./common",
                ROWS,
                'save(without_gaps(spark.table("bronze.orders"), "amount"), "orders")',
            ],
            "regions.py": [
                "# MAGIC %run ./common",
                'totals = spark.table("silver.orders").groupBy("region").agg(F.sum("amount").alias("amount"))',
                'save(totals, "regions", layer="gold")',
            ],
        },
        {"bronze.orders": MV, "silver.orders": MV, "gold.regions": MV},
        holds=("def without_gaps(df, *columns):", 'name="gold.regions"'),
    ),
    "SQL cells between Python": Layered(
        {
            "mixed.py": [
                ROWS,
                (
                    "# MAGIC %sql\n# MAGIC CREATE OR REPLACE TEMP VIEW known AS\n"
                    "# MAGIC SELECT DISTINCT * FROM bronze.orders WHERE amount IS NOT NULL;\n# MAGIC\n"
                    "# MAGIC -- as people read it\n"
                    "# MAGIC CREATE OR REPLACE TABLE silver.orders AS SELECT * FROM known"
                ),
                'spark.table("known").groupBy("region").count().createOrReplaceTempView("sizes")',
                (
                    'region = "eu"\n'
                    "spark.sql(f\"create or replace table gold.sizes using delta as select * from sizes where region = '{region}'\")"
                ),
                "# MAGIC %sql SELECT * FROM gold.sizes",
            ]
        },
        {"bronze.orders": MV, "silver.orders": MV, "gold.sizes": MV, "known": "view", "sizes": "view"},
        holds=('@dp.temporary_view(name="known")', "# as people read it"),
    ),
    "nothing but SQL": Layered(
        {
            "orders.sql": [
                "CREATE WIDGET TEXT least DEFAULT '10'",
                (
                    "-- as they come\nCREATE OR REPLACE TABLE bronze.orders AS SELECT * FROM VALUES\n"
                    "  (1, 'eu', 10), (2, 'eu', CAST(NULL AS INT)), (3, 'us', 30) AS t (id, region, amount);"
                ),
                (
                    "CREATE TABLE IF NOT EXISTS silver.orders (id BIGINT, region STRING, amount INT)\n"
                    "PARTITIONED BY (region) COMMENT 'with money' TBLPROPERTIES ('delta.appendOnly' = 'false')"
                ),
                "INSERT OVERWRITE silver.orders SELECT id, region, amount AS money FROM bronze.orders WHERE amount >= ${least}",
                "INSERT INTO silver.orders SELECT 99, 'xx', 1",
                "CREATE OR REPLACE TEMPORARY VIEW big AS SELECT * FROM silver.orders WHERE amount > 5",
                "CREATE OR REPLACE TABLE gold.regions AS\nSELECT region, sum(amount) AS amount FROM big GROUP BY region",
                "SELECT * FROM gold.regions",
                "DESCRIBE TABLE gold.regions",
            ]
        },
        {"bronze.orders": MV, "silver.orders": MV, "gold.regions": MV, "big": "view"},
        configuration={"least": "10"},
        holds=("CREATE OR REFRESH MATERIALIZED VIEW silver.orders (", "PARTITIONED BY (region)", "amount >= ${least}"),
    ),
    "added to by two notebooks": Layered(
        {
            "eu.py": [
                ROWS,
                'orders = spark.table("bronze.orders")',
                'orders.filter("region = \'eu\'").write.mode("overwrite").saveAsTable("silver.orders")',
                'orders.filter("id = 2").selectExpr("id", "region").write.mode("overwrite").saveAsTable("silver.pairs")',
                'orders.selectExpr("id", "region as r").distinct().write.insertInto("silver.pairs")',
            ],
            "us.py": [
                (
                    'us = spark.table("bronze.orders").filter("region = \'us\'").select("day", "amount", "region", "id")\n'
                    'us.write.mode("append").saveAsTable("silver.orders")'
                ),
            ],
        },
        {"bronze.orders": MV, "silver.orders": MV, "silver.pairs": MV},
        holds=(".unionByName(", ".union("),
    ),
    "parameters": Layered(
        {
            "tagged.ipynb": [
                "least = 10\nfull = True\nregions = ['eu', 'us']\nschema = 'silver'",
                ROWS,
                (
                    'orders = spark.table("bronze.orders").filter(f"amount >= {least}")\n'
                    "if not full:\n    orders = orders.limit(1)\n"
                    "if regions:\n    orders = orders.filter(orders.region.isin(regions))"
                ),
                'target = f"{schema}.orders"\norders.write.mode("overwrite").saveAsTable(target)',
            ],
            "widgets.py": [
                'dbutils.widgets.text("day", "2024-01-01")\ndbutils.widgets.dropdown("what", "count", ["count", "sum"])',
                'day = dbutils.widgets.get("day")',
                'one = spark.table("silver.orders").where(f"day = \'{day}\'")',
                'one.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("gold.one_day")',
                'dbutils.notebook.exit("done")',
            ],
        },
        {"bronze.orders": MV, "silver.orders": MV, "gold.one_day": MV},
        configuration={
            "least": "10",
            "full": "true",
            "regions": '["eu", "us"]',
            "schema": "silver",
            "day": "2024-01-01",
            "what": "count",
        },
        holds=('least=int(spark.conf.get("least", "10"))', "name=target"),
    ),
    "partitions, clusters, comments": Layered(
        {
            "said.py": [
                ROWS,
                'spark.conf.set("spark.sql.shuffle.partitions", "2")',
                'orders = spark.table("bronze.orders")',
                'orders.write.format("delta").partitionBy("region", "day").mode("overwrite").saveAsTable("silver.parted")',
                (
                    'orders.writeTo("silver.kept").using("delta").tableProperty("delta.enableChangeDataFeed", "false")'
                    ".createOrReplace()"
                ),
            ]
        },
        {"bronze.orders": MV, "silver.parted": MV, "silver.kept": MV},
        holds=(
            'partition_cols=["region", "day"]',
            '"delta.enableChangeDataFeed": "false"',
            'spark_conf={"spark.sql.shuffle.partitions": "2"}',
        ),
    ),
    "what several tables begin with": Layered(
        {
            "begins.py": [
                ROWS,
                (
                    "from pyspark.sql import functions as F\n\n# as they are\n"
                    'orders = spark.table("bronze.orders")\n# without twins\norders = orders.dropDuplicates()\n'
                    'orders = orders.withColumn("big", F.col("amount") > 10)'
                ),
                'orders.filter("big").write.mode("overwrite").saveAsTable("silver.big")',
                'small = orders.filter("not big")\nsmall.write.mode("overwrite").saveAsTable("silver.small")',
                'orders.write.mode("overwrite").saveAsTable("silver.every")',
                'orders = orders.filter("id > 1")\norders.write.mode("overwrite").saveAsTable("silver.most")',
            ]
        },
        {"bronze.orders": MV, "silver.big": MV, "silver.small": MV, "silver.every": MV, "silver.most": MV},
        holds=("def make_orders():", "return make_orders()", "    # without twins\n"),
    ),
    "said of a table below it": Layered(
        {
            "described.py": [
                ROWS,
                "spark.sql(\"COMMENT ON TABLE bronze.orders IS 'as they ' 'come'\")",
                (
                    "# MAGIC %sql\n# MAGIC CREATE SCHEMA IF NOT EXISTS silver;\n"
                    "# MAGIC DROP TABLE IF EXISTS silver.orders;\n"
                    "# MAGIC CREATE TABLE silver.orders CLUSTER BY (region) AS SELECT * FROM bronze.orders;\n"
                    "# MAGIC ALTER TABLE silver.orders SET TBLPROPERTIES ('owner' = 'sales');\n"
                    "# MAGIC VACUUM silver.orders"
                ),
            ]
        },
        {"bronze.orders": MV, "silver.orders": MV},
        local=False,
        holds=('comment="as they come"', 'cluster_by=["region"]', 'table_properties={"owner": "sales"}'),
    ),
    "checks of rows": Layered(
        {
            "checked.py": [
                "from pyspark.sql import functions as F",
                ROWS,
                'orders = spark.table("bronze.orders").dropna()',
                (
                    'assert orders.filter("amount < 0").count() == 0, "amounts are positive"\n'
                    'bad = orders.where(F.col("id").isNull() | ~F.col("region").isin("eu", "us"))\n'
                    "n_bad = bad.count()\n"
                    'if n_bad > 0:\n    raise ValueError(f"{n_bad} bad rows")'
                ),
                'orders.write.mode("overwrite").saveAsTable("silver.orders")',
                'made = spark.table("silver.orders")\nassert made.filter(F.col("day").isNull()).isEmpty()',
                'assert made.groupBy("id").count().filter("count > 9").count() == 0',
                'assert made.count() > 0, "something is there"',
            ]
        },
        {"bronze.orders": MV, "silver.orders": MV},
        expectations=(
            "amounts are positive",
            "((id IS NULL) OR (NOT (region IN ('eu', 'us')))) IS NOT TRUE",
            "day IS NOT NULL",
        ),
        unchecked=('made.groupBy("id")', "made.count() > 0"),
        holds=('"day IS NOT NULL"', '"(amount < 0) IS NOT TRUE"'),
    ),
    "functions, names set anew, a UDF": Layered(
        {
            "own.py": [
                "from pyspark.sql import functions as F\nfrom pyspark.sql.types import IntegerType",
                'factor = 2\ncolumn = "amount"',
                (
                    'def load(name):\n    return spark.table(f"bronze.{name}")\n\n\n'
                    "@F.udf(IntegerType())\ndef times(value):\n    return None if value is None else value * factor"
                ),
                ROWS,
                'df = load("orders").cache()\nleast = min([5, 7])\nfrom pyspark.sql.functions import min',
                'df = df.withColumn("twice", times(F.col(column)))',
                'df.write.mode("overwrite").saveAsTable("silver.twice")',
                'df.filter(f"id < {least}").agg(min("id").alias("id")).write.mode("overwrite").saveAsTable("silver.first")',
                'df = df.filter("twice > 20").drop(column)\ndf.write.mode("overwrite").saveAsTable("silver.big")',
                "df.unpersist()",
            ]
        },
        {"bronze.orders": MV, "silver.twice": MV, "silver.first": MV, "silver.big": MV},
        holds=("def load(name):", "factor = 2", "    min = builtins.min"),
    ),
    "classes and computed defaults": Layered(
        {
            "classes.py": [
                (
                    "from __future__ import annotations\n\nfrom dataclasses import dataclass\nfrom datetime import date\n\n\n"
                    "@dataclass\nclass Rule:\n    column: str\n    least: int = 0\n\n"
                    '    def of(self, df):\n        return df.filter(f"{self.column} >= {self.least}")'
                ),
                'dbutils.widgets.text("day", str(date(2024, 1, 2)))\nday = dbutils.widgets.get("day")',
                ROWS,
                'rule = Rule("amount", 20)\nkept = rule.of(spark.table("bronze.orders")).filter(f"day = \'{day}\'")',
                'kept.write.mode("overwrite").saveAsTable("silver.kept")',
            ]
        },
        {"bronze.orders": MV, "silver.kept": MV},
        configuration={"day": ""},
        holds=("from __future__ import annotations", "@dataclass", "params.day = "),
    ),
    "several names at a time": Layered(
        {
            "pairs.py": [
                ROWS,
                'KEYS = {"by_id": ["id"], "by_day": ["day", "region"]}',
                (
                    "for name, keys in KEYS.items():\n"
                    '    counted = spark.table("bronze.orders").groupBy(*keys).count()\n'
                    '    counted.write.mode("overwrite").saveAsTable(f"gold.{name}")'
                ),
                (
                    'orders = spark.table("bronze.orders")\n'
                    'for number, (region, frame) in enumerate([("eu", orders.filter("id < 2")), ("us", orders.filter("id < 3"))]):\n'
                    '    frame.write.mode("overwrite").saveAsTable(f"silver.some_{region}_{number}")'
                ),
                (
                    'paid = orders.dropna()\nunpaid = orders.filter("amount is null")\nBOTH = {"paid": paid, "unpaid": unpaid}\n'
                    'for name, frame in BOTH.items():\n    frame.write.mode("overwrite").saveAsTable(f"gold.{name}")'
                ),
                (
                    'for layer in ["silver"]:\n    spark.sql(f"""create or replace table {layer}.ids as\n'
                    '        select distinct id from bronze.orders""")'
                ),
            ]
        },
        {
            "bronze.orders": MV,
            "gold.by_id": MV,
            "gold.by_day": MV,
            "silver.some_eu_0": MV,
            "silver.some_us_1": MV,
            "gold.paid": MV,
            "gold.unpaid": MV,
            "silver.ids": MV,
        },
        holds=('groupBy(*["day", "region"])',),
    ),
    "names of the environment": Layered(
        {
            "layers.ipynb": [
                'source = "orders"',
                (
                    'rows = [(1, "a"), (2, "b")]\n'
                    'spark.createDataFrame(rows, "id int, word string").write.mode("overwrite").saveAsTable('
                    'session.table("bronze", source))'
                ),
                (
                    'words = session.read("bronze", source).filter("id > 1")\n'
                    'words.write.mode("overwrite").saveAsTable(session.table("silver", "words"))'
                ),
            ]
        },
        {"bronze.orders": MV, "silver.words": MV},
        configuration={"env": "${bundle.target}", "source": "orders"},
        holds=('name=session.table("bronze", source)', 'load_environment(params.env, package="shop_etl")'),
    ),
    "a stream, and what is made of it": Layered(
        {
            "bronze.py": [
                'dbutils.widgets.text("source", "/Volumes/main/raw")\nsource = dbutils.widgets.get("source")',
                (
                    'stream = spark.readStream.schema("id int, region string").json(f"{source}/in")\n'
                    "query = (\n"
                    '    stream.writeStream.option("checkpointLocation", f"{source}/checkpoints/orders")\n'
                    '    .trigger(availableNow=True)\n    .toTable("bronze.orders")\n)\nquery.awaitTermination()'
                ),
                (
                    'us = spark.readStream.table("bronze.orders").filter("region = \'us\'")\n'
                    'us.writeStream.outputMode("append").option("checkpointLocation", f"{source}/checkpoints/us")'
                    '.trigger(availableNow=True).toTable("silver.us").awaitTermination()'
                ),
            ],
            "silver.py": [
                "from pyspark.sql import functions as F",
                (
                    'orders = spark.table("bronze.orders").withColumn("big", F.col("id") > 1)\n'
                    'orders.filter("big").write.mode("overwrite").saveAsTable("silver.orders")\n'
                    'orders.filter("not big").select("big", "region", "id").write.mode("append").saveAsTable("silver.orders")'
                ),
                'spark.table("silver.orders").createOrReplaceTempView("known")',
                (
                    "# MAGIC %sql\n# MAGIC CREATE TABLE gold.regions USING PARQUET AS\n"
                    "# MAGIC SELECT region, count(*) AS orders FROM known GROUP BY region"
                ),
            ],
            "gold.sql": [
                "CREATE TABLE gold.big USING PARQUET AS SELECT * FROM silver.orders WHERE big",
                "INSERT INTO gold.big SELECT 99, 'xx', true",
            ],
        },
        {
            "bronze.orders": ST,
            "silver.us": ST,
            "silver.orders": MV,
            "gold.regions": MV,
            "gold.big": MV,
            "known": "view",
        },
        local=False,
        configuration={"source": "/Volumes/main/raw"},
        holds=('@dp.table(name="bronze.orders")', 'spark.readStream.table("bronze.orders")', "UNION ALL"),
    ),
    "streams of two notebooks into one table": Layered(
        {
            f"load_{region}.py": [
                (
                    f'new = spark.readStream.schema("id int, region string").json("/Volumes/main/raw/{region}")\n'
                    f'new.writeStream.option("checkpointLocation", "/tmp/{region}").partitionBy("region")'
                    '.trigger(availableNow=True).toTable("bronze.orders").awaitTermination()'
                )
            ]
            for region in ("eu", "us")
        },
        {"bronze.orders": ST},
        local=False,
        holds=(
            'dp.create_streaming_table(name="bronze.orders", partition_cols=["region"])',
            '@dp.append_flow(target="bronze.orders", name="bronze_orders_from_load_us")',
        ),
    ),
}


def write_set(folder: Path, layered: Layered) -> list[Path]:
    """Write the notebooks of a set into a project's folder; return their files."""
    from notebook_factory import code, write_notebook

    found = []
    for name, cells in layered.notebooks.items():
        path = folder / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            tagged = [code(cells[0], id="c1", tags=["parameters"]), *cells[1:]]
            write_notebook(path, *tagged)
        else:
            mark, between = ("--", SQL_CELL) if path.suffix == ".sql" else ("#", CELL)
            path.write_text(f"{mark} Databricks notebook source\n{between.join(cells)}\n", "utf-8")
        found.append(path)
    return found
