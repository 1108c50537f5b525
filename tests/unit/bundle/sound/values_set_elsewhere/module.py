# Databricks notebook source
from harbour.counting import count

count()
