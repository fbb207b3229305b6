"""The rules of STYLE that no ready-made linter knows, as small functions over syntax trees.

Owns: length, names, effects at import, size of ports, owners of tasks, the mirror of tests and source.
Does not know: what ruff, mypy and import-linter check already.
Keeps: each rule is one function, and each has good and bad lines in tests/tools/lint/.

`python -m tools.lint` checks the repository it is started in. Exemptions stand on the line itself and give their
reason: `# long: …` on the line of a `def`, `# allow <rule>: …` for the others.
"""
