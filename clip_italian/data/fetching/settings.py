"""Settings for fetching from the web."""

from typing import Annotated

import pydantic

from clip_italian.config import Settings

Positive = Annotated[int, pydantic.Field(gt=0)]
Seconds = Annotated[float, pydantic.Field(ge=0)]


class FetchSettings(Settings):
    """Section `fetch` of a profile."""

    agent: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_-]+/[\w.]+$")]  # product/version; robots.txt speaks to the product
    about: str  # where a webmaster reads what this is
    contact: str  # where a webmaster reaches whoever runs it
    gateway: Annotated[str, pydantic.Field(pattern=r"^[\w.]+:\d+$")] | None  # host:port that answers for the whole web
    obey: bool  # robots.txt, X-Robots-Tag and TDM-Reservation
    concurrency: Positive  # connections at one time
    per_host: Positive  # of them, to one host
    waiting: Positive  # images under way at one time, those that wait for their host's turn included
    delay: Seconds  # between the starts of two requests to one host
    deadline: Annotated[float, pydantic.Field(gt=0)]  # seconds on the network for one image, all tries and redirects together
    max_bytes: Positive  # of an image
    max_redirects: Annotated[int, pydantic.Field(ge=0)]
    tries: Positive
    back_off: Seconds  # before the second try; doubled before each one after
    max_retry_after: Seconds  # the longest Retry-After that is waited for; a host that asks for more is let be
    part: Positive  # images in one archive
    coverage: Annotated[float, pydantic.Field(ge=0, le=1)]  # share of the wanted images below which the stage fails
    max_file_bytes: Positive  # of a publisher's archive
    stall: Annotated[float, pydantic.Field(gt=0)]  # seconds without a byte after which a file's connection is given up

    @property
    def product(self) -> str:
        """The name under which robots.txt may speak to us."""
        return self.agent.partition("/")[0]

    @property
    def user_agent(self) -> str:
        """The User-Agent header of every request."""
        return f"{self.agent} ({'; '.join(filter(None, (f'+{self.about}', self.contact)))})"
