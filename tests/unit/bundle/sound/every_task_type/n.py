# Databricks notebook source
dbutils.jobs.taskValues.set(key="rows", value=12)

# COMMAND ----------

dbutils.jobs.taskValues.set("names", [{"name": "a"}])
