"""The table of keys that the documentation shows."""

from __future__ import annotations

from serflow_opt.problem.schema import InstanceDocument, WorkloadTable, keys_as_markdown


def test_every_key_has_a_line_with_its_meaning() -> None:
    """No key of a file goes without a word, and what is needed is said to be."""
    lines = keys_as_markdown().splitlines()
    for name, field in WorkloadTable.model_fields.items():
        (line,) = [own for own in lines if own.startswith(f"| [workload] | `{field.alias or name}` |")]
        assert (field.description or "") in line
    assert "|  | `schema` | needed | version of this format: 1 |" in lines
    assert len({line for line in lines if "| needed |" in line}) >= 5


def test_one_file_and_a_list_of_files_mean_the_same() -> None:
    """A single catalogue need not be written as a list."""
    base = {
        "schema": 1,
        "name": "n",
        "network": {"stages": "s.csv", "input_bytes": 1},
        "tier": [{"name": "vm", "kind": "vm"}],
    }
    one, several = (InstanceDocument.model_validate(base | {"catalog": own}).catalog for own in ("p.csv", ["p.csv"]))
    assert one == several == ["p.csv"]
