"""Reads expositions from standard input as python3-prometheus-client does, each up to its # EOF: `text` or `openmetrics`.
Prints one line a sample: exposition's number, name, labels as sorted NAME=VALUE, value. Exit status 1 and the reason when one is wrong."""
import sys

try:
    if sys.argv[1] == "openmetrics":
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
    else:
        from prometheus_client.parser import text_string_to_metric_families as families
except ImportError:
    sys.exit(77)

text = sys.stdin.buffer.read().decode()
expositions = text.split("# EOF\n")
assert expositions[-1] == "", "no # EOF at the end"
for number, exposition in enumerate(expositions[:-1], 1):
    for family in families(exposition + "# EOF\n"):
        assert family.documentation, family.name + " has no HELP"
        for sample in family.samples:
            labels = ",".join(f"{k}={v!r}" for k, v in sorted(sample.labels.items()))
            print(number, family.type, sample.name, "{" + labels + "}", sample.value)
