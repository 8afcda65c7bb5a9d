"""A fuzzer of the whole command line: seeded, aware of the structure of what it mutates, judged by an oracle.

From the project's folder, with `tests` on the path:

    PYTHONPATH=.:tests python -m fuzz --seed 7 --cases 10000      every finding is printed with its seed and number
    PYTHONPATH=.:tests python -m fuzz --seed 7 --case 123         that one alone, its words and what it printed
    PYTHONPATH=.:tests python -m fuzz --seed 7 --case 123 --keep FOLDER       its files are written there
    PYTHONPATH=.:tests python -m fuzz --cases 10000               a fresh seed, which is said

A case is what its seed and its number make of it, whatever ran before. The everyday suite runs a few of them
(test_fuzz.py).

- atoms: texts and numbers that have broken programs
- mutate: what is done to bytes, lines, TOML, JSON and CSV
- seeds, builds: whole files of each kind, as tests and shipped presets have them
- huge: files that take all time or memory of a careless reader
- draft: a case as it is made, its files and how they reach the command
- words: values of options
- commands, with readings, gates and fleets for those that read files: the command line of a case
- inventories: those of fleet
- child: it is run, in a forked process with limits
- oracle, formats: what may come of it
- trial: a case from its making to its verdict
"""
