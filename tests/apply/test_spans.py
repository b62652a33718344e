"""Every try is a span with its statements below it, for whoever has set up OpenTelemetry in the process."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gatekeeper.apply.spans import trace_attempt
from gatekeeper.model.applied import Attempt, Stall, StatementRun


def test_a_try_and_its_statements_are_spans_of_one_trace_at_the_times_at_which_they_ran() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    run = StatementRun(3, "ALTER TABLE orders ADD COLUMN paid boolean", 1000.25, 0.5, None, 384)
    attempt = Attempt("0002", 1, 2, "committed", 1000.0, 1.0, 0.1, 0.6, Stall(14, 0.038), (run,))

    trace_attempt(attempt)

    statement, whole = exporter.get_finished_spans()
    assert (whole.name, statement.name) == ("migrate 0002", "ALTER")
    assert statement.parent is not None
    assert statement.parent.span_id == whole.context.span_id
    assert (whole.start_time, whole.end_time) == (1_000_000_000_000, 1_001_000_000_000)
    assert (statement.start_time, statement.end_time) == (1_000_250_000_000, 1_000_750_000_000)
    assert whole.attributes is not None
    assert whole.attributes["gatekeeper.worst_stall_seconds"] == 0.038
