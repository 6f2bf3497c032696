"""Texts of a language and country: lists and formats of Faker, as patterns."""
