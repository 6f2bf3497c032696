"""Rules of names, places, firms and texts in a language, from the lists and formats of Faker."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.kinds.base import Maker, RuleOptions, Texts
from synthserve_training.models.rules.locales import methods
from synthserve_training.models.rules.patterns.building import repetition, sequence
from synthserve_training.models.rules.patterns.nodes import Listed


class LocaleOptions(RuleOptions):
    """The options of kinds that know a language."""

    locale: str = Field(
        default="en_US", description="Language and country. Where Faker has no list of it, it has an English one"
    )

    @field_validator("locale")
    @classmethod
    def _is_known(cls, locale: str) -> str:
        try:
            methods.check_locale(locale)
        except RecipeError as error:
            raise PydanticCustomError("locale", "{problem}", {"problem": str(error)}) from None
        return locale


class _Method(LocaleOptions):
    """What a method of Faker makes."""

    _method: ClassVar[str]

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return Texts(methods.pattern(self.locale, self._method))


class _ByGender(LocaleOptions):
    """What a method of Faker makes that has a form for each gender."""

    _method: ClassVar[str]

    gender: Literal["any", "female", "male"] = "any"

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        ending = "" if self.gender == "any" else f"_{self.gender}"
        return Texts(methods.pattern(self.locale, self._method + ending))


class FirstName(_ByGender):
    """First names."""

    _method = "first_name"


class LastName(_ByGender):
    """Last names."""

    _method = "last_name"


class Name(_ByGender):
    """Full names, some with titles."""

    _method = "name"


class Address(_Method):
    """Street, postcode and place in one line."""

    _method = "address"


class Street(_Method):
    """Streets with house numbers."""

    _method = "street_address"


class City(_Method):
    """Names of places."""

    _method = "city"


class Region(_Method):
    """Names of states, provinces and the like."""

    _method = "administrative_unit"


class Postcode(_Method):
    """Postcodes."""

    _method = "postcode"


class Company(_Method):
    """Names of firms."""

    _method = "company"


class Job(_Method):
    """Names of occupations."""

    _method = "job"


class Phone(_Method):
    """Telephone numbers."""

    _method = "phone_number"


class Sentences(LocaleOptions):
    """Sentences of words without meaning."""

    words: tuple[int, int] = Field(default=(4, 12), description="The fewest and the most words of a sentence")
    sentences: tuple[int, int] = Field(default=(1, 1), description="The fewest and the most sentences")

    @field_validator("words", "sentences")
    @classmethod
    def _is_a_range(cls, bounds: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= bounds[0] <= bounds[1] <= 100:
            raise PydanticCustomError("range", "give two numbers from 1 to 100, the smaller one first")
        return bounds

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        words = methods.listed(self.locale, "word")
        capitals = Listed(tuple(word[:1].upper() + word[1:] for word in words.texts), words.weights)
        others = Listed(tuple(f" {word}" for word in words.texts), words.weights)
        sentence = sequence([capitals, repetition(others, self.words[0] - 1, self.words[1] - 1), Listed((".",))])
        low, high = self.sentences
        spaced = sequence([Listed((" ",)), sentence])
        return Texts(sequence([sentence, repetition(spaced, low - 1, high - 1)]) if high > 1 else sentence)
