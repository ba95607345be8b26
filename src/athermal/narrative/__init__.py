"""Facts of a ledger and the sentences about them: what the command line, figures and reports say, said once."""

from athermal.narrative.facts import Facts
from athermal.narrative.sentences import headline, sentences
from athermal.narrative.style import PLAIN, Style
from athermal.narrative.summary import summary

__all__ = ["PLAIN", "Facts", "Style", "headline", "sentences", "summary"]
