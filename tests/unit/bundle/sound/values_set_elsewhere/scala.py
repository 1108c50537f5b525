# Databricks notebook source
print("arrivals")

# COMMAND ----------

# MAGIC %scala
# MAGIC dbutils.jobs.taskValues.set("ships", 3)
