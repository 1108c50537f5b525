"""A notebook to record: persons, every type of column, a region, chance, a write, an assert that does not hold."""

from __future__ import annotations

from notebook_factory import text

ORDERS = [
    text("# Orders"),
    "%load_ext dex\n%dex_env local",
    "from datetime import date, datetime\nfrom decimal import Decimal\nfrom pyspark.sql import DataFrame, functions as F",
    """\
rows = [
    (i, f'c{i % 7}', f'Anna{i % 7}@mail.org', float(i % 50) - 3, Decimal(i) / 4, date(2024, 1, 1 + i % 28),
     datetime(2024, 3, 31, i % 24, 30), 'open' if i % 3 else 'closed', [i, None], {'a': i})
    for i in range(120)
]
types = 'id int, customer_id string, email string, amount double, tax decimal(9,2), day date, at timestamp, '
raw = spark.createDataFrame(rows, types + 'state string, parts array<int>, extra map<string,int>')
names = [(f'c{i}', f'Anna{i}@mail.org', 'NL' if i % 2 else 'DE') for i in range(7)]
customers = spark.createDataFrame(names, 'customer_id string, email string, country string')""",
    """\
def clean(df: DataFrame, least: float = 0.0) -> DataFrame:
    '''Positive amounts, once.'''
    return df.where(F.col('amount') > least).dropDuplicates(['id']).withColumn('hour', F.hour('at'))""",
    "orders = clean(raw)",
    """\
# dex: transform by_country
joined = orders.join(customers.drop('email'), 'customer_id', 'left')
totals = joined.where(F.col('state') != 'closed').groupBy('country').agg(F.sum('amount').alias('total'))
totals = totals.orderBy(F.desc('total'))""",
    "orders.write.mode('overwrite').saveAsTable(session.table('silver', 'clean_orders'))",
    "totals.write.mode('overwrite').saveAsTable(session.table('gold', 'totals'))",
    "def chance(df):\n    return df.withColumn('r', F.rand())\n\nseen = chance(raw).count()",
    "def save(df):\n    df.write.mode('overwrite').saveAsTable(session.table('gold', 'again'))",
    "assert totals.count() == 2\nassert seen == 121",
]
