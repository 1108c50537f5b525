from databricks.sdk.runtime import dbutils


def count() -> None:
    dbutils.jobs.taskValues.set("ships", 3)
