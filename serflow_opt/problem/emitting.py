"""What the options of a tier emit: what the instance states, else what the catalogue knows of type and region."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.carbon_table import CarbonTable
from serflow_opt.problem.catalog import FunctionPrice, VmType
from serflow_opt.problem.catalog.carbon import GridPower, known_grids, known_watts
from serflow_opt.problem.emissions import Emissions, grams_per_joule
from serflow_opt.problem.grid_hours import GridHours, hours_of, read_grids
from serflow_opt.problem.schema import OptionTable, TierTable

KEYS = ("g_per_kwh", "grid", "pue", "watts_per_vcpu", "embodied_g_per_vcpu_hour")
OPTION_KEYS = ("watts", "embodied_g_per_hour")


class TierEmissions:
    """One tier's emissions being resolved; notes what is not known, all at once."""

    def __init__(self, carbon: CarbonTable | None, tier: TierTable, file: str, place: str) -> None:
        self.carbon, self.tier, self.file, self.place = carbon, tier, file, place
        self.unknown: list[str] = []
        self.unplaced = ""
        self.faults: list[Problem] = []
        self.hours: GridHours | None = None
        self.per_joule = self._per_joule() if carbon is not None else 0.0

    def _per_joule(self) -> float:
        """Grams of a joule: of the tier, of [carbon], of its region."""
        tier, carbon = self.tier, self.carbon
        assert carbon is not None
        rented = tier.kind in ("vm", "function")
        placed = rented or "region" in tier.model_fields_set
        grid: GridPower | None = known_grids().get(tier.region) if placed else None
        intensity = tier.g_per_kwh if tier.g_per_kwh is not None else self._mean_of_hours()
        intensity = carbon.g_per_kwh if intensity is None else intensity
        if intensity is None and grid is None:
            self.unplaced = f"region '{tier.region}'" if placed else f"a tier of kind '{tier.kind}' without a region"
            return 0.0
        pue = tier.pue if tier.pue is not None else carbon.pue if rented else None
        if pue is None:
            pue = grid.pue if grid is not None and rented else 1.0
        if intensity is None:
            assert grid is not None
            intensity = grid.g_per_kwh
        return grams_per_joule(intensity, pue)

    def _mean_of_hours(self) -> float | None:
        """Grams of a kWh of the tier's column in the table of hours; None: it has none."""
        carbon, tier = self.carbon, self.tier
        if carbon is None or carbon.hours is None:
            return None
        grids = read_grids(Path(self.file).parent / carbon.hours, self.faults)
        found = hours_of(grids, tier.grid, tier.region, carbon.first_hour) if grids else None
        if isinstance(found, Problem):
            place = found.place if "." in found.place else f"{self.place}.{found.place}"
            self.faults.append(Problem(self.file, place, found.found, found.cure))
            return None
        if found is None:
            return None
        mean, self.hours = found
        return mean

    def machine(self, vm: VmType) -> Emissions | None:
        """Return those of a type of the catalogue."""
        if self.carbon is None:
            return None
        known = known_watts().get((vm.provider, vm.name))
        stated = self.tier.watts_per_vcpu
        if vm.vcpus is None or (stated is None and known is None):
            return self._not_known(vm.name)
        if stated is not None:
            return self._machine((stated[0] * vm.vcpus, stated[1] * vm.vcpus), self._embodied(vm.vcpus, 0.0))
        assert known is not None
        return self._machine((known.watts_idle, known.watts_full), self._embodied(vm.vcpus, known.embodied_g_per_hour))

    def functions(self, price: FunctionPrice) -> Emissions | None:
        """Return those of 1 GB of a function."""
        if self.carbon is None:
            return None
        known = known_watts().get((price.provider, f"{price.name} {price.arch}"))
        stated = self.tier.watts_per_vcpu
        vcpus = 1024 / price.mb_per_vcpu
        if stated is not None:
            return Emissions.of_function(stated[1] * vcpus, self._embodied(vcpus, 0.0), self.per_joule)
        if known is None:
            return self._not_known(f"{price.name} {price.arch}")
        embodied = self._embodied(vcpus, known.embodied_g_per_hour * vcpus)
        return Emissions.of_function(known.watts_full * vcpus, embodied, self.per_joule)

    def written_out(self, option: OptionTable, vm: VmType | None, workers: int) -> Emissions | None:
        """Return those of an option written out in the file.

        Parameters
        ----------
        vm
            The type of the catalogue that it goes by, if any.
        workers
            Requests it serves at once.
        """
        if self.carbon is None:
            return None
        embodied = option.embodied_g_per_hour
        if option.watts is None:
            if vm is not None and (vm.provider, vm.name) in known_watts():
                found = known_watts()[vm.provider, vm.name]
                embodied = found.embodied_g_per_hour if embodied is None else embodied
                return self._machine((found.watts_idle, found.watts_full), self._kept(embodied), workers)
            if self._by_operation(option):
                return Emissions()
            return self._not_known(option.name)
        if self.tier.kind == "function":
            return Emissions.of_function(option.watts[1], self._kept(embodied or 0.0), self.per_joule)
        return self._machine((option.watts[0], option.watts[1]), self._kept(embodied or 0.0), workers)

    def _by_operation(self, option: OptionTable) -> bool:
        """Whether its energy is told by operation."""
        return option.joules_per_flop is not None or "joules_per_flop" in self.tier.model_fields_set

    def _machine(self, watts: tuple[float, float], embodied: float, workers: int | None = None) -> Emissions:
        return Emissions.of_machine(watts, embodied, self.per_joule, workers or self.tier.workers)

    def _embodied(self, vcpus: float, known: float) -> float:
        stated = self.tier.embodied_g_per_vcpu_hour
        return self._kept(known if stated is None else stated * vcpus)

    def _kept(self, embodied: float) -> float:
        return embodied if self.carbon is not None and self.carbon.embodied else 0.0

    def _not_known(self, name: str) -> Emissions | None:
        self.unknown.append(name)
        return None

    def problems(self) -> list[Problem]:
        """Return what is missing, or told for nothing."""
        found = []
        tier = self.tier
        stated = [key for key in KEYS if key in tier.model_fields_set]
        stated += [f"option.{key}" for key in OPTION_KEYS if any(key in own.model_fields_set for own in tier.option)]
        if self.carbon is None:
            for key in stated:
                found.append(Problem(self.file, f"{self.place}.{key}", "without [carbon]", "write [carbon], too"))
            return found
        found += self.faults
        if tier.grid is not None and (tier.g_per_kwh is not None or self.carbon.hours is None):
            what = "[carbon] hours" if self.carbon.hours is None else "g_per_kwh"
            cure = "name the table of hours there" if self.carbon.hours is None else "keep one of them"
            missing = f"without {what}" if self.carbon.hours is None else f"given together with {what}"
            found.append(Problem(self.file, f"{self.place}.grid", missing, cure))
        watts = [("watts_per_vcpu", tier.watts_per_vcpu), *((f"option.{o.name}.watts", o.watts) for o in tier.option)]
        twice = {f"option.{own.name}.watts" for own in tier.option if own.joules_per_flop}
        for key, pair in watts:
            if pair is not None and pair[0] > pair[1]:
                cure = "write [idle, full], the smaller number first"
                found.append(Problem(self.file, f"{self.place}.{key}", f"[{pair[0]:g}, {pair[1]:g}]", cure))
            if pair is not None and (tier.joules_per_flop > 0 or key in twice):
                cure = "energy is told twice: keep watts, or joules_per_flop"
                found.append(Problem(self.file, f"{self.place}.{key}", "given together with joules_per_flop", cure))
        if self.unplaced:
            cure = "give g_per_kwh for the tier or in [carbon], or a region of grid.csv"
            found.append(Problem(self.file, self.place, f"no grid intensity known for {self.unplaced}", cure))
        if self.unknown:
            names = ", ".join(dict.fromkeys(self.unknown))
            cure = "give watts_per_vcpu = [idle, full] for the tier, or watts = [idle, full] in [[tier.option]]"
            found.append(Problem(self.file, self.place, f"no watts known of {names}", cure))
        return found
