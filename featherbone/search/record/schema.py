"""The tables of a search's ledger, version 5; `docs/search.md` explains each column.

run      what was asked and decided, as JSON, by key
trial    a design: where it came from, its costs, its state, and how far it got
rung     what a trial scored at a rung
attempt  one try to bring a trial to a rung: by which worker, how it ended, how long it took

Each row has a checksum of its other columns (`seal.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

VERSION = 5
TABLES = ("run", "trial", "rung", "attempt")
STATES = ("waiting", "running", "paused", "done", "stopped", "failed")
FINAL = ("done", "stopped", "failed")
OUTCOMES = ("running", "scored", "crashed", "lost", "interrupted")

SCHEMA = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER);
CREATE TABLE trial (
    id INTEGER PRIMARY KEY,
    design TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    params INTEGER NOT NULL,
    macs INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    size INTEGER NOT NULL,
    int8_size INTEGER NOT NULL,
    latency_ms REAL,
    latency_by TEXT CHECK (latency_by IN ('predicted', 'measured')),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN {STATES}),
    rung INTEGER NOT NULL DEFAULT -1,
    epochs INTEGER NOT NULL DEFAULT 0,
    val_top1 REAL,
    val_loss REAL,
    seconds REAL NOT NULL DEFAULT 0,
    error TEXT,
    checksum INTEGER
);
CREATE TABLE rung (
    trial INTEGER NOT NULL REFERENCES trial (id),
    rung INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    val_top1 REAL,
    val_loss REAL,
    seconds REAL NOT NULL,
    checkpoint TEXT NOT NULL,
    checksum INTEGER,
    PRIMARY KEY (trial, rung)
);
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trial (id),
    rung INTEGER NOT NULL,
    worker TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'running' CHECK (outcome IN {OUTCOMES}),
    seconds REAL NOT NULL DEFAULT 0,
    error TEXT,
    began REAL NOT NULL,
    ended REAL,
    checksum INTEGER
);
CREATE INDEX attempt_of_trial ON attempt (trial);
CREATE INDEX attempt_by_end ON attempt (ended);
"""


def ended(states: Mapping[str, int]) -> bool:
    """Whether a search is over, by how many of its trials are in each state."""
    return any(states.values()) and not any(states[state] for state in STATES if state not in FINAL)
