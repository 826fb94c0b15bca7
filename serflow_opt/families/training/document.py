"""The tables of an instance of `kind = "training"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table

Mode = Literal["central", "federated", "split", "parallel-split", "hybrid"]
MODES: tuple[Mode, ...] = get_args(Mode)
MOST_GROUPS = 2_000
MOST_SETTINGS = 100_000
"""Combinations of all that holds for a whole training; each is looked at."""

Share = Annotated[float, Field(ge=0, lt=1)]


class MachineTable(Table):
    """What computes: operations a second, how many times as fast as what was timed, or a type that was timed itself."""

    name: str = Field(min_length=1)
    flops_per_s: Positive | None = Field(default=None, description="with columns forward_flops of the stages")
    speed: Positive | None = Field(default=None, description="times as fast as forward_ms of stages, or of `times`")
    times: str = Field(default="", description="a type of the table training.times, on which stages were measured")

    @model_validator(mode="after")
    def _one_speed(self) -> MachineTable:
        given = sum((self.flops_per_s is not None, bool(self.speed or self.times)))
        if given != 1:
            raise ValueError("give one of `flops_per_s`, `speed` and `times`; `speed` may go with `times`")
        return self


class ClientTable(MachineTable):
    """[[client]]: a group of clients that are alike."""

    count: int = Field(default=1, ge=1, le=10_000_000, description="how many there are")
    samples: int = Field(ge=1, description="of each")
    up_mbit_s: Positive = Field(description="from the client to the server")
    down_mbit_s: Positive = Field(description="from the server to the client")
    available: float = Field(default=1.0, gt=0, le=1, description="share of the time that it can be drawn")
    drops: Share = Field(default=0.0, description="share of those drawn that never answer")
    late: Share = Field(default=0.0, description="share of those drawn that are late, by chance")
    late_factor: float = Field(default=1.0, ge=1, allow_inf_nan=False, description="how much longer those take")
    memory_mb: Positive | None = Field(default=None, description="for training; left out: enough")
    joules_per_flop: AtLeast0 = Field(default=0.0, description="of computing, with forward_flops of the stages")
    watts: AtLeast0 = Field(default=0.0, description="while it computes")
    joules_per_mb: AtLeast0 = Field(default=0.0, description="of sending and receiving")
    usd_per_round: AtLeast0 = Field(default=0.0, description="paid to each for taking part in a round")
    usd_per_hour: AtLeast0 = Field(default=0.0, description="paid to each for the time it is busy")
    usd_per_gb: AtLeast0 = Field(default=0.0, description="of its traffic, both ways")


class TrainingServerTable(MachineTable):
    """[[server]]: what can be rented to train the rest of the network and to add up what clients send."""

    vm: str = Field(default="", description="a type of the catalogue, whose price it has")
    region: str = Field(default="", description="of that type; left out: the catalogue's default")
    usd_per_hour: AtLeast0 | None = Field(default=None, description="of each worker, while the training lasts")
    usd_per_gb_s: AtLeast0 | None = Field(default=None, description="a function: paid while it computes")
    memory_gb: Positive | None = Field(default=None, description="of the function")
    usd_per_call: AtLeast0 = Field(default=0.0, description="of the function, for each client and round")
    workers: list[Annotated[int, Field(ge=1)]] = Field(default=[1], min_length=1, description="how many there can be")

    @property
    def is_function(self) -> bool:
        """Whether it is paid by use."""
        return self.usd_per_gb_s is not None

    @model_validator(mode="after")
    def _one_price(self) -> TrainingServerTable:
        if sum((bool(self.vm), self.usd_per_hour is not None, self.is_function)) != 1:
            raise ValueError("give one of `vm`, `usd_per_hour` and `usd_per_gb_s`")
        if self.is_function != (self.memory_gb is not None):
            raise ValueError("`memory_gb` goes with `usd_per_gb_s`")
        if self.is_function and self.workers != [1]:
            raise ValueError("functions are as many as are called: leave `workers` out")
        return self


class TopologyTable(Table):
    """[[federated.topology]]: who sends the model to whom."""

    name: str = Field(min_length=1)
    kind: Literal["star", "edge", "ring"]
    rounds_factor: Positive = Field(default=1.0, description="times as many rounds as the table has, measured")
    edges: int | None = Field(default=None, ge=1, description="edge: servers near the clients")
    cloud_every: int | None = Field(default=None, ge=1, description="edge: rounds between those that reach the cloud")
    lan_mbit_s: Positive | None = Field(default=None, description="edge: between a client and its edge server")
    wan_mbit_s: Positive | None = Field(default=None, description="edge: between an edge server and the cloud")
    usd_per_gb: AtLeast0 = Field(default=0.0, description="edge: of traffic between edge and cloud")
    neighbours: int | None = Field(default=None, ge=1, description="ring: to how many a client sends")

    @model_validator(mode="after")
    def _whole(self) -> TopologyTable:
        own = {
            "edge": ("edges", "cloud_every", "lan_mbit_s", "wan_mbit_s"),
            "ring": ("neighbours",),
            "star": (),
        }
        for kind, keys in own.items():
            for key in keys:
                if (getattr(self, key) is None) == (kind == self.kind):
                    raise ValueError(f"`{key}` goes with kind = '{kind}', which needs it")
        return self


class FederatedTable(Table):
    """[federated]: ways to send and to compute less, each a table beside the file, of which the plan takes one row."""

    compression: str = Field(default="", description="CSV: of what is sent of the model")
    dropout: str = Field(default="", description="CSV: parts of the model that clients train")
    noise: str = Field(default="", description="CSV with epsilon: differential privacy")
    selection: str = Field(default="", description="CSV: which clients are drawn")
    secure: str = Field(default="", description="CSV of ways to add up what nobody else sees, by name")
    secure_aggregation: str = Field(default="none", description="none, or a row of `secure` that has to be taken")
    epsilon_max: Positive | None = Field(default=None, description="most that noise may leave open")
    delta: float | None = Field(default=None, gt=0, lt=1, description="with noise by multiplier: epsilon is computed")
    topology: list[TopologyTable] = Field(default=[])


class TrainingTable(Table):
    """[training]: the network, what was measured of it, and in which ways it may be trained."""

    mode: Mode | Literal["any"] | list[Mode] = Field(default="any", description="several, or any: the plan chooses")
    stages: str = Field(description="CSV of the network's stages")
    times: str = Field(default="", description="CSV: stage,machine,forward_ms[,backward_ms], measured by type")
    rounds: str = Field(description="CSV: rounds by local_epochs, clients, accuracy, and what else was varied")
    privacy: str = Field(default="", description="CSV: leak by cut and protection")
    packing: str = Field(default="", description="CSV: ways to make smaller what crosses the cut")
    input_bytes: Positive | None = Field(default=None, description="of a sample; with mode central")
    samples_per_round: Literal["client"] | Annotated[int, Field(ge=1)] = Field(
        default="client", description="client: all that one has"
    )
    local_epochs: list[Annotated[int, Field(ge=1)]] | None = Field(default=None, description="left out: all measured")
    clients_per_round: list[Annotated[int, Field(ge=1)]] | None = Field(
        default=None, description="whose updates arrive; left out: all measured"
    )
    cuts: list[Annotated[int, Field(ge=1)]] | None = Field(default=None, description="stages at clients; left out: any")
    same_cut: bool = Field(default=False, description="whether all clients are cut alike")
    batch: int = Field(default=1, ge=1, description="samples of a step, for the memory of clients")
    aggregation_s: AtLeast0 = Field(default=0.0, description="of each round beside all else")
    synchronous: bool = Field(default=True, description="whether a round waits for those who take part")
    staleness: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        default=1.0, description="asynchronous: times as many updates as the table has, measured"
    )
    round_deadline_s: list[Positive] | None = Field(
        default=None, description="clients that take longer are left out of rounds; left out: none is"
    )
    share_min: float = Field(default=1.0, gt=0, le=1, description="of all samples, with clients that take part")


class TrainingTables(Tables):
    """The tables of a training instance."""

    kind: Literal["training"]
    catalog: list[str] = Field(default=[], description="price files that add to the catalogue or override it")
    training: TrainingTable
    client: list[ClientTable] = Field(min_length=1, max_length=MOST_GROUPS)
    server: list[TrainingServerTable] = Field(default=[])
    federated: FederatedTable = FederatedTable()
