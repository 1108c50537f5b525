# Databricks notebook source
from counting import count

count(dbutils)
