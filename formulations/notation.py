"""Symbols: what each one means, in which unit, where the survey introduces it, and what the model calls it."""

from __future__ import annotations

from typing import NamedTuple


class Symbol(NamedTuple):
    """A row of the notation table."""

    symbol: str
    meaning: str
    unit: str
    survey: str
    model: str


NOTATION = (
    Symbol("s, pid", "stage: a contiguous block of the network, 1..M", "", "2.2.1, Table 6", "s"),
    Symbol("l", "entry of a stage's threshold menu", "", "", "level"),
    Symbol("p", "option a stage can run on; k its tier", "", "2.2.3 (9), (10)", "p"),
    Symbol("κ, v", "variant of a block of stages: quantised, pruned, distilled", "", "2.2.1 (4), (5)", "Variant"),
    Symbol("e", "runner: an option, as it is or in a variant", "", "", "Sets.runners"),
    Symbol("γ, w", "way to hand over: a compression and a protection", "", "2.2.1 (5), 2.2.2 (3)", "HandoverMode"),
    Symbol("h = (s, k, w, c)", "hub: where hops meet entries; c the variant carried over", "", "", "Sets.hubs"),
    Symbol("f_s", "operations of a stage per request", "FLOP", "2.2.1 (7)", "Stage.flops"),
    Symbol("a_s", "activation a stage hands on; a_0 is the input", "byte", "2.2.1 (5), (6)", "Stage.activation_bytes"),
    Symbol("θ_s", "parameters of a stage", "byte", "", "Stage.parameter_bytes"),
    Symbol("μ_p", "speed of an option", "FLOP/s", "2.2.1 (7), 2.2.3 (9), (10)", "problem.ranges.amdahl_flops_per_s"),
    Symbol("t_{s,e}", "time of a stage on a runner, f_s / μ_p or measured", "s", "2.2.1 (7)", "Data.time"),
    Symbol("σ_{s,e}", "standard deviation of that time", "s", "", "Data.deviation"),
    Symbol("spread", "standard deviation of the whole path's time", "s", "", "spread"),
    Symbol("α", "confidence threshold of a classifier", "", "2.2.1 (9)", "Menu.thresholds"),
    Symbol("ε_{s,l}", "share of the requests reaching s that leave there", "", "2.2.1 (3)", "Data.exit_rate"),
    Symbol("r_{s,l}, A", "accuracy of the requests that leave there", "", "2.2.1 (2)", "Data.accuracy"),
    Symbol("A_tar", "accuracy asked for", "", "2.2.1 (2)", "Instance.accuracy_min"),
    Symbol("R_s", "reach: share of all requests that enter a stage", "", "", "R"),
    Symbol("β_s", "share of all requests that leave at a stage, R_s ε_s", "", "2.2.1 (3)", "Metrics.exit_share"),
    Symbol("z_{s,l}", "1 when classifier s uses threshold l", "binary", "2.2.1 (9)", "z"),
    Symbol("v_{s,l}", "R_s z_{s,l}", "", "", "v"),
    Symbol("x_{s,e}", "1 when stage s runs as e", "binary", "2.2.1 ξ", "x"),
    Symbol("stay_{s,e,f}", "1 when f runs stage s on the option of e, which ran s-1", "", "", "stay"),
    Symbol("leave_{s,e,k,w}", "1 when e hands over to tier k before stage s in way w", "", "", "leave"),
    Symbol("enter_{s,e,w}", "1 when e takes stage s over in way w", "", "", "enter"),
    Symbol("way_{s,w}", "1 when what is handed over before s is in way w", "binary", "2.2.1 (5) γ", "way"),
    Symbol("end_{s,e}", "1 when the plan ends at stage s, where everybody leaves", "", "", "end"),
    Symbol("u_{s,e}", "ψ_s x_{s,e}, the path scaled by a weight of the stage", "", "", "reach_path, tail_path"),
    Symbol("cutid", "stages that run before the hand-over", "", "2.2.3 (7)", "PlanDocument.cut"),
    Symbol("τ_s, T^T", "time of a hand-over before stage s", "s", "2.2.1 (5), 2.2.3 (6)", "Data.hop_time"),
    Symbol("T_0", "time of the input's way in, the hand-over from `SOURCE`", "s", "2.2.1 (6)", "Data.hop_time"),
    Symbol("enc, dec", "time of compressing and protecting, and of undoing it", "s", "", "Data.encode_time"),
    Symbol("sent", "bytes on the link: a_s times what variant and way keep", "byte", "2.2.1 (5)", "Sets.sent_bytes"),
    Symbol("δ", "accuracy lost by a request that enters a block or crosses", "", "", "Data.lost, Data.way_lost"),
    Symbol("T_cold", "cold start of a function", "s", "2.2.3 (5)", "Data.cold_time"),
    Symbol("Latency", "latency bound", "s", "2.2.3 (2)", "Instance.latency_slo_s"),
    Symbol(
        "g_s, g_{k,s}",
        "1 while more than 1 - q are inside; where stage s of kind k is in time",
        "binary",
        "",
        "g, late_g",
    ),
    Symbol(
        "k, P_k, L_k",
        "requests by the cold starts they meet; their share; what part is late",
        "",
        "",
        "Data.chances, L",
    ),
    Symbol("T_q", "percentile where cold starts are met by chance", "s", "", "T_q"),
    Symbol("C_I, C_F", "price of a busy second", "USD/s", "2.2.3 (1)", "Option.usd_per_s"),
    Symbol("λ, rate", "requests per second", "1/s", "2.2.3 r_max", "Instance.rate_per_s"),
    Symbol("η", "share of a rented machine's time that may be busy", "", "", "Instance.utilisation_cap"),
    Symbol("n_p", "machines rented", "integer", "", "n"),
    Symbol("λ_g, π_g", "rates of a demand and their shares of the time", "1/s", "", "Rates"),
    Symbol("ω_b", "requests a machine serves at once", "", "", "Machine.workers"),
    Symbol("W_b", "seconds that a request of the service holds a worker of block b", "s", "", "busy"),
    Symbol("a", "load: busy workers that requests would need", "", "", "Carrying.carried"),
    Symbol("B, C", "Erlang's loss and waiting formulas", "", "", "erlang_b, erlang_c"),
    Symbol("y_{g,s,l}", "what of v_{s,l} is on machines at rate λ_g", "", "", "y"),
    Symbol("size_{b,k}, part_{b,k}", "1 where block b has number k of machines; W_b times it", "", "", "size, part"),
    Symbol("T-CIP", "rate from which a machine is cheaper than the function", "1/s", "3.3.2", "t_cip"),
    Symbol("S-CIP", "reach below which a deep block is cheaper on its function", "", "", "s_cip"),
    Symbol("MSE", "error of an attacker who rebuilds the input from what crosses", "", "2.2.2 (1)", "HandoverMode.mse"),
    Symbol("MSE_0", "error of an attacker who sees nothing", "", "", "PrivacyTable.baseline_mse"),
    Symbol("leak", "max(0, 1 - MSE / MSE_0); 1 where MSE is unknown", "", "2.2.2 (1)", "HandoverMode.leak"),
    Symbol(
        "CE, ΔCE", "cross-entropy with a way, and what it adds", "nat", "2.2.2 (1), (2)", "HandoverMode.cross_entropy"
    ),
    Symbol("w_P, w_CE", "weights of leaks and of cross-entropy added", "", "2.2.2 (1)", "Privacy"),
    Symbol("Thr_CE, mse_min", "ceiling and floor that single ways must keep", "", "2.2.2 (2)", "Instance.may_cross"),
    Symbol("L^P", "privacy loss: what a request leaks on average", "", "2.2.2 (1)", "privacy_loss"),
    Symbol("J_e", "energy of an operation", "J/FLOP", "", "Option.joules_per_flop"),
    Symbol("j_k", "energy of sending a byte", "J/byte", "", "Tier.joules_per_byte"),
    Symbol("E", "energy of a request", "J", "", "energy"),
    Symbol("i_k", "carbon of a joule taken in tier k, PUE included", "g/J", "", "Tier.g_per_joule"),
    Symbol("φ0_p", "carbon of a machine that is on", "g/s", "", "Option.emissions"),
    Symbol("φ_e", "carbon of a busy second", "g/s", "", "Option.emissions"),
    Symbol("CO2", "carbon of a request", "g", "", "carbon"),
)


def as_markdown() -> str:
    """Return the table in Markdown."""
    lines = ["| symbol | meaning | unit | survey | in the code |", "|---|---|---|---|---|"]
    lines += [f"| {s.symbol} | {s.meaning} | {s.unit} | {s.survey} | `{s.model}` |" for s in NOTATION]
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown())
