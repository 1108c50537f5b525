# Databricks notebook source
values = dbutils.jobs.taskValues
values.set("ships", 3)
