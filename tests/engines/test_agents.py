"""`%%agent silver` with the provider `rules`, on real flights and on dirt of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from agent_requests import cells, request_of, statuses
from dex_agents import AgentRequest, run_agent
from dex_dbutils import FrameError, PlanError, ProviderError

if TYPE_CHECKING:
    from dex_dbutils import Session

Clean = Callable[..., Any]


def test_the_demos_flights_are_cleaned_and_verified(clean: Clean, real: Callable[[str], Any]) -> None:
    raw = real("flights")
    run, flights = clean(request_of("ask-flights"), raw)
    assert (run.status, run.proposal.not_followed) == ("passed", [])
    assert set(statuses(run).values()) == {"passed"}
    types = dict(flights.dtypes)
    assert [types[name] for name in ("year", "dep_delay", "dep_time", "sched_arr_time", "tailnum", "time_hour")] == [
        "int", "int", "timestamp", "timestamp", "string", "timestamp",
    ]  # fmt: skip
    assert flights.count() == raw.distinct().count()
    late = "(unix_timestamp(arr_time) - unix_timestamp(sched_arr_time)) / 60"
    counted = flights.selectExpr(
        "count(dep_time) as left",
        "count(arr_time) as came",
        f"sum(case when arr_delay is not null and {late} != arr_delay then 1 else 0 end) as wrong",
        "min(dep_time) as first",
    ).first()
    assert (counted["left"], counted["came"], counted["wrong"]) == (328_521, 328_063, 0)
    assert str(counted["first"]) == "2013-01-01 05:17:00"


def test_the_demos_weather_is_cleaned_and_verified(clean: Clean, real: Callable[[str], Any]) -> None:
    raw = real("weather")
    run, weather = clean(request_of("ask-weather"), raw)
    assert set(statuses(run).values()) == {"passed"}
    assert dict(weather.dtypes)["temp"] == "double"
    assert weather.count() == raw.distinct().count()
    assert weather.filter("temp is null").count() == 1


@pytest.mark.parametrize(
    ("ask", "answer", "frame"),
    [("ask-flights", "silver-flights", "flights"), ("ask-weather", "silver-weather", "weather")],
)
def test_the_shipped_notebook_holds_just_what_the_agent_proposes(
    session: Session, real: Callable[[str], Any], ask: str, answer: str, frame: str
) -> None:
    raw = f"{frame}_raw"
    request = AgentRequest(role="silver", text=request_of(ask), frames=[raw], into=frame)
    assert run_agent(request, session, {raw: real(frame)}).proposal.code.strip() == cells()[answer].strip()


def test_words_spaces_types_and_duplicates_are_cleaned_by_what_the_values_say(clean: Clean) -> None:
    run, out = clean(
        "Clean it. Drop exact duplicates. The key is id.",
        {
            "id": ["1", "2", "2", "3"],
            "price": ["1.5", "-", "-", " 2 "],
            "ok": ["true", "no", "no", ""],
            "day": ["2024-01-01", "2024-02-29", "2024-02-29", "NA"],
            "country": ["NA", "DE", "DE", "FR"],
            "zip": ["01067", "10115", "10115", "75001"],
        },
    )
    assert run.status == "passed"
    assert dict(out.dtypes) == {
        "id": "int", "price": "double", "ok": "boolean", "day": "date", "country": "string", "zip": "string",
    }  # fmt: skip
    rows = {row["id"]: row for row in out.collect()}
    assert len(rows) == 3
    assert (rows[2]["price"], rows[3]["price"], rows[3]["ok"], rows[3]["day"]) == (None, 2.0, None, None)
    assert (rows[1]["country"], rows[1]["zip"]) == ("NA", "01067")
    assert any(step.rows_in == 4 and step.rows_out == 3 for step in run.verdict.rows)


def test_clock_times_with_leading_zeros_and_midnight(clean: Clean) -> None:
    run, out = clean(
        "start_time and end_time are HHMM: make timestamps of them. Give every column its type.",
        {
            "year": ["2024"] * 3, "month": ["2"] * 3, "day": ["28"] * 3,
            "start_time": ["0517", "2330", "0000"], "end_time": ["0601", "0015", "2400"],
        },
    )  # fmt: skip
    assert run.status == "passed"
    rows = sorted((str(row["start_time"]), str(row["end_time"])) for row in out.collect())
    assert rows == [
        ("2024-02-28 00:00:00", "2024-02-29 00:00:00"),
        ("2024-02-28 05:17:00", "2024-02-28 06:01:00"),
        ("2024-02-28 23:30:00", "2024-02-29 00:15:00"),
    ]


def test_a_number_that_one_value_spoils_stays_text(clean: Clean) -> None:
    _, out = clean("Give every column its type. Trim name.", {"name": ["a", " b"], "n": ["1", "12x"]})
    assert dict(out.dtypes) == {"name": "string", "n": "string"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["9007199254740992", "1.5"], "string"),
        (["12345678901234567890", "12345678901234567891"], "string"),
        (["9007199254740991", "1.5"], "double"),
        (["9007199254740993", "1"], "bigint"),
        (["1e400", "1"], "string"),
        (["1e-400", "1"], "string"),
        (["0e0", "-1.5E+3", "0.0", "1e300"], "double"),
        (["0.30000000000000004", "12.500000000000000000", "-0.000000000000000000001"], "double"),
        (["123456789012345678.99", "1"], "string"),
        (["0.1234567890123456789", "1"], "string"),
    ],
)
def test_numbers_get_a_type_that_holds_every_one_of_them(clean: Clean, values: list[str], kind: str) -> None:
    _, out = clean("NA means null.", {"n": values})
    assert dict(out.dtypes)["n"] == kind
    if kind != "string":
        assert sorted(row["n"] for row in out.collect()) == sorted(map(float if kind == "double" else int, values))


@pytest.mark.parametrize("value", ["12345678901234567891", "9007199254740993", "1e400"])
def test_a_cast_to_double_that_changes_a_number_fails(clean: Clean, value: str) -> None:
    run, _ = clean("Cast n to double.", {"n": [value]})
    assert statuses(run)["values"] == "failed"
    assert f"1 values of n are no double, such as '{value}'" in run.to_text()


def test_a_cast_that_loses_values_is_counted_with_an_example_and_fails(clean: Clean) -> None:
    run, _ = clean("Cast n to int.", {"n": ["1", "12x", "13y", None]})
    values = next(check for check in run.verdict.checks if check.name == "values")
    assert (run.status, values.status) == ("failed", "failed")
    assert "2 values of n are no int, such as '12x'" in values.detail


def test_a_key_that_occurs_twice_or_is_missing_fails(clean: Clean) -> None:
    run, _ = clean("Trim v. The key is k.", {"k": ["a", "a", None], "v": ["1", "2", "3"]})
    key = next(check for check in run.verdict.checks if check.name == "key")
    assert (run.status, key.status) == ("failed", "failed")
    assert "1 key occurs more than once" in key.detail
    assert "1 row lacks a part of it" in key.detail


def many(session: Session, *columns: str) -> Any:
    """300,000 rows, six times as many as a sample holds."""
    return session.spark.range(300_000).selectExpr(*columns)


def test_a_cast_that_loses_three_of_many_values_is_seen_although_the_sample_is_not_all(
    clean: Clean, session: Session
) -> None:
    rare = many(session, "case when id % 100000 = 77777 then 'oops' else cast(id as string) end as a")
    run, _ = clean("Cast a to int. Nothing else.", rare)
    values = next(check for check in run.verdict.checks if check.name == "values")
    assert (run.status, values.status) == ("failed", "failed")
    assert "3 values of a are no int, such as 'oops'" in values.detail


def test_a_word_for_missing_that_a_cast_would_lose_is_seen_wherever_it_stands(clean: Clean, session: Session) -> None:
    rare = many(session, "case when id = 77777 then 'NA' else cast(id as string) end as a")
    run, _ = clean("Cast a to int. Nothing else.", rare)
    assert statuses(run)["values"] == "failed"
    assert clean("Cast a to int.", rare)[0].status == "passed"


def test_a_number_that_loses_its_fraction_is_seen_wherever_it_stands(clean: Clean, session: Session) -> None:
    rare = many(session, "case when id = 77777 then cast(0.5 as double) else cast(id as double) end as a")
    assert statuses(clean("Cast a to int.", rare)[0])["values"] == "failed"


def test_a_key_that_occurs_twice_among_many_fails(clean: Clean, session: Session) -> None:
    rows = many(session, "cast(id as string) as k", "cast(id as string) as v")
    once = session.spark.createDataFrame([("77777", "again")], "k string, v string")
    run, _ = clean("Trim v. The key is k.", rows.unionAll(once))
    key = next(check for check in run.verdict.checks if check.name == "key")
    assert (run.status, key.status) == ("failed", "failed")
    assert "1 key occurs more than once" in key.detail
    assert "in all 300,000 rows" in clean("Trim v. The key is k.", rows)[0].to_text()


def test_a_join_that_makes_more_rows_of_one_is_not_possible_unseen(session: Session) -> None:
    from dex_agents.answers import Answer
    from dex_agents.context import make_context
    from dex_agents.gate import judge
    from dex_agents.plan import compile_plan, read_plan

    spark = session.spark
    frames = {
        "sales": spark.createDataFrame([("a",), ("b",)], "shop string"),
        "shops": spark.createDataFrame([("a", "x"), ("a", "y")], "shop string, name string"),
    }
    context = make_context(AgentRequest(role="silver", text="Join the shops.", frames=["sales", "shops"]), frames)
    plan = read_plan({"steps": [{"op": "join", "frame": "shops", "on": ["shop"], "bring": ["name"]}]})
    code = compile_plan(plan, "sales", context.columns, context.others, context.into).code
    verdict = judge(code, Answer(plan=plan), context).verdict
    rows = next(check for check in verdict.checks if check.name == "rows")
    assert rows.status == "failed"
    assert "more than one row of shops has the same key" in rows.detail


def test_a_phrase_that_is_not_understood_keeps_the_verdict_from_passing(clean: Clean) -> None:
    run, _ = clean("Trim v. Make it shine.", {"v": [" a"]})
    assert run.status == "incomplete"
    assert run.proposal.not_followed == ["Make it shine (not understood)"]
    assert "Make it shine" in run.to_text()


def test_a_sentence_about_missing_values_is_no_word_for_them(clean: Clean) -> None:
    run, out = clean("Nothing is missing. Trim v. Nothing else.", {"v": ["Data ", "nothing"]})
    assert (run.status, run.proposal.not_followed) == ("incomplete", ["Nothing is missing (not understood)"])
    assert ".replace" not in run.proposal.code
    run, out = clean("unknown is missing.", {"v": ["unknown", "x"]})
    assert run.status == "passed"
    assert out.filter("v is null").count() == 1


def test_what_is_written_in_upper_case_stays_text_although_it_holds_digits(clean: Clean, session: Session) -> None:
    run, out = clean("Uppercase a. NA means null.", {"a": ["1", "2", "NA"]})
    assert (run.status, dict(out.dtypes)) == ("passed", {"a": "string"})
    run, _ = clean("Uppercase a. Trim v.", session.spark.createDataFrame([(1, " x")], "a int, v string"))
    assert (run.status, run.proposal.not_followed) == ("incomplete", ["uppercase a (it is int, no text)"])


def test_a_clock_time_says_in_which_zone_it_is_taken(clean: Clean) -> None:
    run, _ = clean(
        "start_time is HHMM: make timestamps of it.",
        {"year": ["2024"], "month": ["2"], "day": ["28"], "start_time": ["0517"]},
    )
    assert "the session's time zone" in run.proposal.notes[-1]
    assert "the session's time zone" in run.proposal.code.partition("return (")[2]


def test_an_empty_frame_is_not_called_verified(clean: Clean, session: Session) -> None:
    empty = session.spark.createDataFrame([], "k string, v string")
    run, out = clean("NA means null. The key is k.", empty)
    assert run.status == "incomplete"
    assert statuses(run)["sample"] == statuses(run)["key"] == "not run"
    assert statuses(run)["columns"] == "passed"
    assert out.count() == 0


def test_columns_with_blanks_and_dots_in_their_names(clean: Clean) -> None:
    run, out = clean(
        "NA means null. Give every column its type.", {"a b": ["1", "NA"], "c.d": ["x ", "NA"], "e.f": [" 2", "3"]}
    )
    assert run.status == "passed"
    assert dict(out.dtypes) == {"a b": "int", "c.d": "string", "e.f": "int"}
    assert [tuple(row) for row in out.collect()] == [(1, "x", 2), (None, None, 3)]


def test_all_types_of_columns_pass_through(clean: Clean, session: Session) -> None:
    frame = session.spark.sql(
        "select 'NA' as t, 1 as i, cast(2 as decimal(10,2)) as d, true as b, array(1, 2) as a, map('k', 1) as m,"
        " named_struct('x', 1) as s, timestamp '2024-01-01 00:00:00' as at, date '2024-01-01' as day, cast('z' as binary) as bin"
    )
    run, out = clean("NA means null.", frame)
    assert run.status == "passed"
    assert dict(out.dtypes) == dict(frame.dtypes)


def test_what_is_no_frame_or_cannot_be_used_as_one(session: Session) -> None:
    def code(frame: Any, text: str = "Trim v.", **request: Any) -> str:
        with pytest.raises((FrameError, PlanError, ProviderError)) as caught:
            run_agent(
                AgentRequest(**{"role": "silver", "text": text, "frames": ["raw"], **request}), session, {"raw": frame}
            )
        return caught.value.code

    frame = session.spark.createDataFrame([("a", "b")], "v string, w string")
    assert code("text") == "DEX-AGENT-04"
    assert code(frame.toDF("v", "V")) == "DEX-AGENT-05"
    assert code(frame.toDF("v`", "w")) == "DEX-AGENT-05"
    assert code(frame.select("v", "v")) == "DEX-AGENT-05"
    assert code(frame, text="  \n ") == "DEX-AGENT-02"
    assert code(frame, into="class") == "DEX-AGENT-03"
    assert code(frame, role="slivre") == "DEX-AGENT-01"
    assert code(frame, provider="opanai") == "DEX-PROVIDER-01"
    assert code(frame, text="Make it shine.") == "DEX-AGENT-20"
