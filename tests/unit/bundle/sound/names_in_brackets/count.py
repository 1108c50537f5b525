# Databricks notebook source
dbutils.jobs.taskValues.set("ships", 3)
