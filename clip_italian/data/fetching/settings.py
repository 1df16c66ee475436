"""Settings for fetching from the web."""

from typing import Annotated

import pydantic

from clip_italian.config import Settings

Positive = Annotated[int, pydantic.Field(gt=0)]
Seconds = Annotated[float, pydantic.Field(ge=0)]


class FetchSettings(Settings):
    """Section `fetch` of a profile."""

    agent: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_-]+/[\w.]+$")]  # product/version; rules of robots.txt name the product
    about: str  # page that describes this crawler to webmasters
    contact: str  # of whoever runs it, for webmasters
    gateway: Annotated[str, pydantic.Field(pattern=r"^[\w.]+:\d+$")] | None  # host:port that serves all requests
    obey: bool  # whether robots.txt, X-Robots-Tag and TDM-Reservation are obeyed
    concurrency: Positive  # simultaneous connections
    per_host: Positive  # of them to one host
    waiting: Positive  # images in progress, including those that wait for their host
    delay: Seconds  # between the starts of two requests to one host
    deadline: Annotated[float, pydantic.Field(gt=0)]  # seconds on the network for one image, including retries and redirects
    max_bytes: Positive  # of an image
    max_redirects: Annotated[int, pydantic.Field(ge=0)]
    tries: Positive
    back_off: Seconds  # before the second try; doubled before each later one
    max_retry_after: Seconds  # the longest accepted Retry-After; images of hosts that demand more are missing
    part: Positive  # images in one archive
    coverage: Annotated[float, pydantic.Field(ge=0, le=1)]  # share of fetched images below which the stage fails
    max_file_bytes: Positive  # of a publisher's archive
    stall: Annotated[float, pydantic.Field(gt=0)]  # seconds without a byte after which a file's connection is closed

    @property
    def product(self) -> str:
        """The crawler's name in robots.txt."""
        return self.agent.partition("/")[0]

    @property
    def user_agent(self) -> str:
        """The User-Agent header of every request."""
        return f"{self.agent} ({'; '.join(filter(None, (f'+{self.about}', self.contact)))})"
