// Databricks notebook source
println(1)
