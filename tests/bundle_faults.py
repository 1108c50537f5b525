"""Faults of bundles, each one change of the sound bundle in ``unit/bundle/base``.

``‸`` in what is written marks where the finding has to stand.
"""

from __future__ import annotations

from pathlib import Path

BASE = Path(__file__).with_name("unit") / "bundle/base"
ROOT, JOB, OTHER, TABLES = (
    "databricks.yml",
    "resources/flights.job.yml",
    "resources/publish.job.yml",
    "resources/tables.yml",
)
MARK = "‸"
NOTEBOOK = "notebook_task: {notebook_path: ../notebooks/load.py}"


#: Name -> file, what is replaced, by what, code, words of the message.
ERRORS: dict[str, tuple[str, str, str, str, str]] = {
    # files and YAML
    "no YAML": (ROOT, "  name: flights\n", "  name: flights\n  ‸: [\n", "02", "not valid YAML"),
    "a key twice": (JOB, "max_retries: 2", "max_retries: 2\n          ‸max_retries: 3", "02", "'max_retries' stands here and in line 43"),
    "a task twice under one key": (JOB, "      tasks:", "      tasks: []\n      ‸tasks:", "02", "'tasks' stands here and in line 34"),
    "an included file that is not there": (ROOT, "  - resources/*.yml", "  - resources/*.yml\n  - ‸more/tables.yml", "04", "'more/tables.yml', which is not there"),
    "an include that is no path": (ROOT, "  - resources/*.yml", "  - resources/*.yml\n  - ‸{a: b}", "03", "must be a path or a pattern"),
    # the bundle, its settings, its targets
    "no name": (ROOT, "bundle:\n  name: flights\n", "‸bundle:\n  uuid: x\n", "05", "`bundle: {name: my_project}`"),
    "an unknown key at the top": (ROOT, "sync:", "‸target: {}\nsync:", "06", "Did you mean 'targets'?"),
    "an unknown key of the bundle": (ROOT, "  databricks_cli_version", "  ‸databricks_version", "06", "Did you mean 'databricks_cli_version'?"),
    "a constraint that is none": (ROOT, '  databricks_cli_version: ">= 0.218.0"', "  ‸databricks_cli_version: newest", "03", "'newest' is no constraint"),
    "an unknown engine": (ROOT, "  name: flights\n", "  name: flights\n  ‸engine: terrafrom\n", "07", "Did you mean 'terraform'?"),
    "an unknown key of the workspace": (ROOT, "      root_path:", "      artifact_path: /Workspace/x\n      root_path: /Workspace/y\n      ‸rootpath:", "06", "Did you mean 'root_path'?"),
    "an unknown preset": (ROOT, "  tags:\n", "  ‸trigger_pause_state: PAUSED\n  tags:\n", "06", "Did you mean 'trigger_pause_status'?"),
    "a preset of another type": (ROOT, "  tags:\n", "  ‸jobs_max_concurrent_runs: many\n  tags:\n", "03", "must be a whole number, not 'many'"),
    "an unknown key of sync": (ROOT, "  exclude:", "  ‸excludes:", "06", "Did you mean 'exclude'?"),
    "a sync that is no list": (ROOT, "  exclude:\n    - data/", "  ‸exclude: data/", "03", "`exclude` must be a list"),
    "an unknown key of an artifact": (ROOT, "    build: uv build --wheel", "    build: uv build --wheel\n    ‸dynamic_versions: true", "06", "Did you mean 'dynamic_version'?"),
    "an unknown type of artifact": (ROOT, "type: whl", "‸type: wheel", "07", "`type` cannot be 'wheel'. Did you mean 'whl'?"),
    "an artifact in no folder": (ROOT, "    path: .", "    ‸path: ./package", "37", "no folder './package' to build artifact 'wheel' in"),
    "an artifact that nothing builds": (ROOT, "  wheel:\n    type: whl\n    path: .\n    build: uv build --wheel", "  ‸wheel:\n    type: whl\n    path: .", "37", "`build: uv build --wheel`"),
    "a build with nothing to build": (ROOT, "    path: .\n    build: uv", "    path: src\n    ‸build: uv", "37", "pyproject.toml or setup.py is not in its folder"),
    "a built file that is not there": (ROOT, "    build: uv build --wheel\n", "    build: uv build --wheel\n  jar:\n    type: jar\n    files:\n      - ‸source: ./out/*.jar\n", "37", "No file matches './out/*.jar'"),
    "an unknown key of a variable": (ROOT, "    default: dev\n", "    default: dev\n    ‸desc: x\n", "06", "is not a key of a variable"),
    "an unknown lookup": (ROOT, "      warehouse: Starter", "      ‸warehous: Starter", "06", "Did you mean 'warehouse'?"),
    "an unknown key of a target": (ROOT, "    default: true", "    default: true\n    ‸workspaces: {}", "06", "Did you mean 'workspace'?"),
    "an unknown mode": (ROOT, "mode: production", "‸mode: prod", "07", "development or production, not 'prod'"),
    "two default targets": (ROOT, "    mode: production", "    mode: production\n    ‸default: true", "08", "'dev' and 'prod' are both the default"),
    "production without a place": (ROOT, "  prod:\n    mode: production\n    workspace:\n      root_path: /Workspace/deployed/${bundle.name}\n    run_as:\n      service_principal_name: 11111111-2222-3333-4444-555555555555\n", "  ‸prod:\n    mode: production\n", "24", "Set `workspace.root_path`"),
    "triggers on in development": (ROOT, "    default: true", "    default: true\n    presets: {‸trigger_pause_status: UNPAUSED}", "24", "`UNPAUSED` is refused"),
    "a pipeline in development in production": (ROOT, "    variables:\n      catalog: prod", "    resources: {pipelines: {events: {‸development: true}}}\n    variables:\n      catalog: prod", "24", "'events' is in development"),
    "a job that no file has, in a target": (ROOT, "        flights:\n          tasks:\n            - task_key: model\n              timeout_seconds: 600", "        ‸flihgts:\n          max_concurrent_runs: 2", "34", "`jobs.flihgts`, which the bundle does not have. Did you mean 'flights'?"),
    "a task that the job lacks, in a target": (ROOT, "- task_key: model", "- ‸task_key: modle", "34", "task 'modle', which job 'flights' does not have. Did you mean 'model'?"),
    "a cluster that the job lacks, in a target": (ROOT, "          tasks:\n", "          job_clusters:\n            - ‸job_cluster_key: mian\n          tasks:\n", "34", "cluster 'mian', which job 'flights' does not have. Did you mean 'main'?"),
    "a schema that no file has, in a target": (ROOT, "    resources:\n      jobs:", "    resources:\n      schemas:\n        ‸sliver: {comment: x}\n      jobs:", "34", "Did you mean 'silver'?"),
    "a wrong value in a target's task": (ROOT, "timeout_seconds: 600", "‸timeout_seconds: soon", "03", "must be a whole number, not 'soon'"),
    "a permission without anybody": (ROOT, "  - group_name: engineers\n    level", "  - ‸level", "23", "here to nobody"),
    "a permission for two": (JOB, "        - group_name: analysts\n", "        - ‸group_name: analysts\n          user_name: x@example.com\n", "23", "here to user_name and group_name"),
    "an unknown level": (JOB, "          level: CAN_VIEW", "          ‸level: CAN_VEIW", "07", "Did you mean 'CAN_VIEW'?"),
    "an unknown key of a permission": (ROOT, "    level: CAN_MANAGE", "    level: CAN_MANAGE\n    ‸levels: x", "06", "Did you mean 'level'?"),
    "run_as for nobody": (ROOT, "    run_as:\n      service_principal_name: 11111111-2222-3333-4444-555555555555", "    ‸run_as: {}", "23", "here nobody"),
    "run_as with a misspelt key": (ROOT, "      service_principal_name: 1", "      ‸service_principal_nam: 1", "06", "Did you mean 'service_principal_name'?"),
    "a permission with a misspelt key": (ROOT, "  - group_name: engineers", "  - ‸grupo_name: engineers", "06", "Did you mean 'group_name'?"),
    "run_as with an unknown key": (ROOT, "      service_principal_name: 1", "      user_name: x@example.com\n      ‸service_principal: 1", "06", "Did you mean 'service_principal_name'?"),
    # resources
    "an unknown kind of resource": (TABLES, "  schemas:", "  ‸schema:\n    x: {}\n  schemas:", "06", "Did you mean 'schemas'?"),
    "one key for two resources": (TABLES, "  volumes:\n", "  volumes:\n    ‸publish: {name: publish, catalog_name: dev, schema_name: silver}\n", "09", "`volumes.publish` and `jobs.publish` in resources/publish.job.yml have one key"),
    "two schemas of one name": (TABLES, "      name: gold", "      ‸name: Silver", "25", "'silver' and 'gold' are both"),
    "a schema with a full name": (TABLES, "      name: gold", "      ‸name: dev.gold", "25", "'dev.gold' is no name of a schema"),
    "a schema in no catalog": (TABLES, "    gold:\n      name: gold\n      catalog_name: ${var.catalog}", "    ‸gold:\n      name: gold", "21", "A schema needs `catalog_name`"),
    "a volume in no schema": (TABLES, "    landing:\n      name: landing\n      catalog_name: ${var.catalog}\n      schema_name: ${resources.schemas.silver.name}", "    ‸landing:\n      name: landing\n      catalog_name: ${var.catalog}", "21", "A volume needs `schema_name`"),
    "a field that is needed, misspelt": (TABLES, "      schema_name: ${resources", "      ‸schema_nmae: ${resources", "06", "Did you mean 'schema_name'?"),
    "a field that is needed, without a value": (TABLES, "    landing:\n      name: landing", "    ‸landing:\n      name:", "21", "A volume needs `name`"),
    "an unknown type of volume": (TABLES, "volume_type: MANAGED", "‸volume_type: MANGED", "07", "Did you mean 'MANAGED'?"),
    "an unknown key of a schema": (TABLES, "      grants:", "      ‸grant: []\n      grants:", "06", "Did you mean 'grants'?"),
    "a grant of nothing": (TABLES, "        - principal: analysts\n          privileges:\n            - USE_SCHEMA", "        - ‸principal: analysts", "21", "needs `privileges`"),
    "an unknown key of a pipeline": (TABLES, "      serverless: true", "      ‸serverles: true", "06", "Did you mean 'serverless'?"),
    "a pipeline's folder that is not there": (TABLES, "      root_path: ../src/events", "      ‸root_path: ../src/event", "15", "There is no folder '../src/event'"),
    "a dashboard's file that is not there": (TABLES, "  volumes:\n", "  dashboards:\n    late: {display_name: late, warehouse_id: x, ‸file_path: ../late.lvdash.json}\n  volumes:\n", "15", "There is no file '../late.lvdash.json'"),
    "an app's folder that is not there": (TABLES, "  volumes:\n", "  apps:\n    helper: {name: helper, ‸source_code_path: ../app}\n  volumes:\n", "15", "There is no folder '../app'"),
    "a pipeline's notebook that is not there": (TABLES, "            path: ../notebooks/late.py", "            ‸path: ../notebooks/later.py", "15", "There is no notebook '../notebooks/later.py'"),
    "a pipeline's pattern without a file": (TABLES, "            include: ../src/events/**", "            ‸include: ../src/evnts/**", "15", "No file matches '../src/evnts/**'"),
    # jobs
    "an unknown key of a job": (JOB, "      schedule:", "      ‸max_concurent_runs: 1\n      schedule:", "06", "Did you mean 'max_concurrent_runs'?"),
    "no tasks": (OTHER, "    publish:\n      name: publish\n      tasks:\n        - task_key: publish\n          notebook_task:\n            notebook_path: ../notebooks/publish.sql\n            warehouse_id: ${var.warehouse}\n", "    ‸publish:\n      name: publish\n", "10", "Job 'publish' has no tasks"),
    "a task without a key": (OTHER, "        - task_key: publish\n          notebook_task", "        - ‸notebook_task", "10", "A task needs `task_key`"),
    "a key that is none": (OTHER, "- task_key: publish", "- ‸task_key: publish it", "10", "'publish it' is no task key"),
    "a task key twice": (JOB, "- task_key: summary", "- ‸task_key: model", "10", "two tasks 'model'"),
    "an unknown key of a task": (JOB, "          max_retries: 2", "          ‸max_retry: 2", "06", "Did you mean 'max_retries'?"),
    "a text for a whole number": (JOB, "          max_retries: 2", "          ‸max_retries: twice", "03", "`max_retries` must be a whole number, not 'twice'"),
    "a list for a text": (JOB, "            entry_point: flights", "            ‸entry_point: [flights]", "03", "`entry_point` must be text, not a list"),
    "retries below none": (JOB, "          max_retries: 2", "          ‸max_retries: -2", "26", "at least -1, not -2"),
    "an unknown run_if": (JOB, "          run_if: ALL_SUCCESS", "          ‸run_if: SOMETIMES", "07", "`run_if` cannot be 'SOMETIMES'"),
    "no type": (JOB, "          pipeline_task:\n            pipeline_id: ${resources.pipelines.events.id}\n", "", "11", "Task 'events' has no type"),
    "two types": (OTHER, "        - task_key: publish\n", "        - ‸task_key: publish\n          run_job_task: {job_id: 1}\n", "11", "2 types: notebook_task, run_job_task"),
    "a dependency that is not there": (JOB, "            - task_key: load\n          run_if", "            - ‸task_key: laod\n          run_if", "12", "Did you mean 'load'?"),
    "a task that waits for itself": (OTHER, "          notebook_task", "          depends_on: [‸{task_key: publish}]\n          notebook_task", "12", "'publish' depends on itself"),
    "tasks that wait for each other": (OTHER, "        - task_key: publish\n", f"        - ‸task_key: a\n          depends_on: [{{task_key: b}}]\n          {NOTEBOOK}\n        - task_key: b\n          depends_on: [{{task_key: a}}]\n          {NOTEBOOK}\n        - task_key: publish\n", "12", "a -> b -> a"),
    "an environment that is not there": (JOB, "          environment_key: default\n          max", "          ‸environment_key: defalt\n          max", "13", "Did you mean 'default'?"),
    "a cluster that is not there": (JOB, "          job_cluster_key: main\n          lib", "          ‸job_cluster_key: mian\n          lib", "13", "Did you mean 'main'?"),
    "a wheel on nothing": (JOB, "          depends_on:\n            - task_key: load\n          run_if: ALL_SUCCESS\n          environment_key: default\n", "          depends_on: [{task_key: load}]\n", "13", "Task 'clean' does not say what it runs on"),
    "a cluster and serverless": (JOB, "          environment_key: default\n          max", "          environment_key: default\n          ‸job_cluster_key: main\n          max", "13", "on `environment_key` and on `job_cluster_key`"),
    "libraries on serverless": (JOB, "          environment_key: default\n          max", "          environment_key: default\n          ‸libraries: [{pypi: {package: x}}]\n          max", "13", "A serverless task takes no `libraries`"),
    "two environments of one key": (JOB, "      tasks:\n", "        - ‸environment_key: default\n      tasks:\n", "13", "two `environment_key` 'default'"),
    "a cluster without a runtime": (JOB, "          new_cluster:\n            spark_version: 16.4.x-scala2.12\n", "          ‸new_cluster:\n", "32", "Cluster 'main' needs `spark_version`"),
    "a cluster that is only a key": (JOB, "      environments:", "        - ‸job_cluster_key: other\n      environments:", "32", "Cluster 'other' needs `new_cluster`"),
    "a cluster without machines": (JOB, "          new_cluster:\n            spark_version: 16.4.x-scala2.12\n            node_type_id: i3.xlarge\n", "          ‸new_cluster:\n            spark_version: 16.4.x-scala2.12\n", "32", "needs `node_type_id` or `instance_pool_id`"),
    "more workers at least than at most": (JOB, "            num_workers: 2", "            autoscale: {‸min_workers: 4, max_workers: 2}", "32", "4, more than `max_workers`"),
    "an unknown environment version": (JOB, '            environment_version: "4"', '            ‸environment_version: "99"', "33", "no environment version '99'. Known: 1, 2, 3, 4, 5"),
    "an environment older than the wheel": (JOB, '            environment_version: "4"', '            ‸environment_version: "1"', "33", "has Python 3.10, and the wheel needs >=3.11"),
    "an entry point that the wheel lacks": (JOB, "            entry_point: flights", "            ‸entry_point: flihgts", "14", "Did you mean 'flights'?"),
    "a package that no wheel is of": (JOB, "            package_name: flights_etl", "            ‸package_name: flight_etl", "14", "Did you mean 'flights-etl'?"),
    "no entry point": (JOB, "          python_wheel_task:\n            package_name: flights_etl\n            entry_point: flights\n", "          ‸python_wheel_task:\n            package_name: flights_etl\n", "14", "needs `entry_point`"),
    "a wheel that nothing builds": (JOB, "              - ../dist/*.whl", "              - ../dist/*.whl\n              - ‸../wheels/*.whl", "18", "Artifacts build into `dist`: wheel"),
    "a wheel of a loop's task that is not there": (JOB, "              task_key: airport\n", "              task_key: airport\n              job_cluster_key: main\n              libraries: [{‸whl: ../lib/*.whl}]\n", "18", "No wheel matches '../lib/*.whl'"),
    "a notebook that is not there": (JOB, "            notebook_path: ../notebooks/load.py", "            ‸notebook_path: ../notebooks/laod.py", "15", "There is no notebook '../notebooks/laod.py'"),
    "a notebook without its suffix": (JOB, "            notebook_path: ../notebooks/load.py", "            ‸notebook_path: ../notebooks/load", "15", "Did you mean '../notebooks/load.py'?"),
    "a file that is no notebook": (TABLES, "            path: ../notebooks/late.py", "            ‸path: ../src/model.py", "15", "its first line is not `# Databricks notebook source`"),
    "a notebook of a loop that is not there": (JOB, "                notebook_path: ../notebooks/airport.ipynb", "                ‸notebook_path: ../notebooks/airprt.ipynb", "15", "There is no notebook '../notebooks/airprt.ipynb'"),
    "a Python file that is not there": (JOB, "            python_file: ../src/model.py", "            ‸python_file: ../src/modle.py", "15", "There is no file '../src/modle.py'"),
    "an SQL file that is not there": (JOB, "              path: ../sql/summary.sql", "              ‸path: ../sql/sumary.sql", "15", "There is no file '../sql/sumary.sql'"),
    "an SQL task without anything to run": (JOB, "          sql_task:\n            warehouse_id: ${var.warehouse}\n            file:\n              path: ../sql/summary.sql\n", "          ‸sql_task:\n            warehouse_id: ${var.warehouse}\n", "21", "needs one of `query`, `file`, `alert`, `dashboard`"),
    "a git source of no branch": (OTHER, "      tasks:", "      ‸git_source: {git_url: https://x/y, git_provider: gitHub}\n      tasks:", "21", "needs one of `git_branch`, `git_tag`, `git_commit`"),
    "a notebook of Scala on serverless": (JOB, "            notebook_path: ../notebooks/load.py", "            ‸notebook_path: ../notebooks/plot.scala", "38", "a notebook of Scala, which serverless compute does not run"),
    # parameters, values, references
    "a parameter without a default": (JOB, '        - name: year\n          default: "2013"', "        - ‸name: year", "16", "A job parameter needs `default`"),
    "a parameter twice": (JOB, "      schedule:", "        - ‸{name: year, default: '2014'}\n      schedule:", "16", "Job 'flights' has two parameters 'year'"),
    "a parameter that is not defined": (JOB, '              year: "{{job.parameters.year}}"', '              ‸year: "{{job.parameters.yaer}}"', "16", "no parameter 'yaer'. Did you mean 'year'?"),
    "a value of a task that is not there": (JOB, '              rows: "{{tasks.load.values.rows}}"', '              ‸rows: "{{tasks.laod.values.rows}}"', "12", "no task 'laod'. Did you mean 'load'?"),
    "a value that the task does not set": (JOB, '              rows: "{{tasks.load.values.rows}}"', '              ‸rows: "{{tasks.load.values.row}}"', "27", "sets no value 'row'. Did you mean 'rows'?"),
    "a value of a task that is not waited for": (JOB, "            python_file: ../src/model.py", '            python_file: ../src/model.py\n            parameters: [‸"{{tasks.load.values.rows}}"]', "27", "Add it to `depends_on`"),
    "a dynamic value that is none": (JOB, '              year: "{{job.parameters.year}}"', '              ‸year: "{{jobs.parameters.year}}"', "27", "Did you mean 'job'?"),
    "an unknown variable": (TABLES, "      catalog: ${var.catalog}", "      ‸catalog: ${var.catalgo}", "17", "no variable 'catalgo'. Did you mean 'catalog'?"),
    "an unknown resource": (JOB, "            pipeline_id: ${resources.pipelines.events.id}", "            ‸pipeline_id: ${resources.pipelines.event.id}", "17", "Did you mean 'events'?"),
    "an unknown setting of the workspace": (TABLES, "      serverless: true", "      serverless: true\n      ‸storage: ${workspace.rootpath}", "17", "Did you mean 'root_path'?"),
    "a reference to nothing": (TABLES, "      serverless: true", "      serverless: true\n      ‸storage: ${vars.catalog}", "17", "Did you mean 'var'?"),
    "a target's value for no variable": (ROOT, "      catalog: prod", "      catalog: prod\n      ‸catalgo: prod", "17", "Did you mean 'catalog'?"),
    # starts, loops, conditions, news
    "a cron of five fields": (JOB, "        quartz_cron_expression: 0 0 6 * * ?", "        ‸quartz_cron_expression: 0 6 * * *", "22", "it has 5 fields"),
    "a cron with both days": (JOB, "        quartz_cron_expression: 0 0 6 * * ?", "        ‸quartz_cron_expression: 0 0 6 * * *", "22", "has to be `?`"),
    "a cron beyond the hours": (JOB, "        quartz_cron_expression: 0 0 6 * * ?", "        ‸quartz_cron_expression: 0 0 26 * * ?", "22", "26 is not between 0 and 23"),
    "an unknown time zone": (JOB, "        timezone_id: Europe/Berlin", "        ‸timezone_id: Europe/Berln", "22", "Did you mean 'Europe/Berlin'?"),
    "two ways to start": (JOB, "      email_notifications:", "      ‸continuous: {pause_status: PAUSED}\n      email_notifications:", "22", "by schedule and by continuous"),
    "a trigger without its place": (OTHER, "      tasks:", "      trigger: {‸file_arrival: {}}\n      tasks:", "21", "needs `url`"),
    "an unknown trigger": (OTHER, "      tasks:", "      trigger: {‸file_arival: {url: s3://x}}\n      tasks:", "06", "Did you mean 'file_arrival'?"),
    "a condition of words by size": (JOB, '            right: "0"', "            ‸right: none", "26", "compares numbers, and 'none' is none"),
    "an unknown comparison": (JOB, "            op: GREATER_THAN\n            left", "            ‸op: GREATER\n            left", "07", "`op` cannot be 'GREATER'"),
    "an outcome of no condition": (JOB, "            - task_key: load\n          run_if", '            - task_key: load\n              ‸outcome: "true"\n          run_if', "26", "'load' is no condition"),
    "an outcome that is none": (JOB, '              outcome: "true"', "              ‸outcome: maybe", "07", '"true" or "false", not \'maybe\''),
    "a loop over no list": (JOB, "            inputs: '[\"JFK\", \"EWR\"]'", "            ‸inputs: JFK, EWR", "26", "are no JSON list"),
    "a loop 1000 wide": (JOB, "            concurrency: 2", "            ‸concurrency: 1000", "26", "between 1 and 100, not 1000"),
    "a loop in a loop": (JOB, "            task:\n              task_key: airport\n              notebook_task:\n                notebook_path: ../notebooks/airport.ipynb\n                base_parameters:\n                  code: \"{{input}}\"\n", f"            ‸task:\n              task_key: airport\n              for_each_task: {{inputs: '[1]', task: {{task_key: x, {NOTEBOOK}}}}}\n", "26", "is a loop itself"),
    "a job that runs itself": (JOB, "            job_id: ${resources.jobs.publish.id}", "            ‸job_id: ${resources.jobs.flights.id}", "28", "flights -> flights"),
    "two addresses in one": (JOB, "          - team@example.com", "          - ‸a@example.com, b@example.com", "29", "is not one address"),
    "an address that is no list": (JOB, "        on_failure:\n          - team@example.com", "        ‸on_failure: team@example.com", "03", "`on_failure` must be a list"),
    "an unknown event to tell of": (JOB, "        on_failure:", "        ‸on_failed:", "06", "Did you mean 'on_failure'?"),
    "a webhook without its id": (OTHER, "      tasks:", "      webhook_notifications: {on_failure: [‸{}]}\n      tasks:", "21", "needs `id`"),
    "an unknown measure of health": (JOB, "          - metric: RUN_DURATION_SECONDS", "          - ‸metric: RUN_SECONDS", "07", "Did you mean 'RUN_DURATION_SECONDS'?"),
    "a limit of health of nothing": (JOB, "            value: 3600", "            ‸value: 0", "29", "more than 0, not 0"),
}  # fmt: skip
WARNINGS: dict[str, tuple[str, str, str, str, str]] = {
    "a field without a value": (JOB, "          max_retries: 2", "          ‸max_retries:", "03", "Give it a whole number, or take it away"),
    "a pattern that matches nothing": (ROOT, "  - resources/*.yml", "  - resources/*.yml\n  - ‸more/*.yml", "04", "'more/*.yml', which matches no file"),
    "a variable that nothing uses": (ROOT, "  warehouse:\n", "  ‸schema: {default: x}\n  warehouse:\n", "19", "Nothing uses the variable 'schema'"),
    "a variable without a value": (ROOT, "  catalog:\n    description: where the tables are\n    default: dev\n", "  ‸catalog:\n    description: where the tables are\n", "20", "BUNDLE_VAR_catalog"),
    "a shared folder": (ROOT, "      root_path: /Workspace/deployed/", "      ‸root_path: /Workspace/Shared/", "36", "{group_name: users, level: CAN_MANAGE}"),
    "two jobs in a file for one": (OTHER, "  jobs:\n", f"  jobs:\n    first: {{tasks: [{{task_key: a, {NOTEBOOK}}}]}}\n", "35", "`jobs.publish` is beside it"),
    "a schema in a job's file": (OTHER, "  jobs:\n", "  schemas:\n    ‸bronze: {name: bronze, catalog_name: dev}\n  jobs:\n", "35", "`schemas.bronze` is beside it"),
    "two jobs of one name": (OTHER, "      name: publish", "      ‸name: flights", "25", "'flights' and 'publish' are both called 'flights'"),
    "a prefix for everyone": (ROOT, "    default: true", '    default: true\n    presets: {‸name_prefix: "team_"}', "24", "${workspace.current_user.short_name}"),
    "a kind that is not known": (TABLES, "  schemas:", "  ‸quantum_things:\n    x: {}\n  schemas:", "06", "so it is not checked"),
}  # fmt: skip
#: Where a finding stands whose place is not in what was written: the text at its start.
PLACES = {
    "no type": "task_key: events",
    "a wheel on nothing": "task_key: clean",
    "two jobs in a file for one": "publish:\n",
}


def with_fault(file: str, old: str, new: str) -> str:
    """Return a file of the sound bundle with one change, the mark still in it."""
    sound = (BASE / file).read_text("utf-8")
    assert sound.count(old) == 1, "the change has to be of one place"
    return sound.replace(old, new)
