"""A small CTC phone recogniser, and the decision whether a recording contains the words of a challenge."""
