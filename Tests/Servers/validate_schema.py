"""Validates documents against a JSON Schema: SCHEMA FILE…; prints a line `valid` or `invalid` and the path for each."""

import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 in what matters here: dates stay texts, and only true and false are truth values."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile("^(true|false)$"), list("tf"))

with open(sys.argv[1]) as file:
    schema = json.load(file)
kind = jsonschema.validators.validator_for(schema, default=None)
kind.check_schema(schema)
for path in sys.argv[2:]:
    with open(path) as file:
        error = next(kind(schema).iter_errors(yaml.load(file, Loader)), None)
    print("valid" if error is None else f"invalid: {error.message[:200]}", path)
