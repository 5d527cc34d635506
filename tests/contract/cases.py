"""What anything that claims to be a FreeBSD host must do, reached through its agent: all cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.contract import files, main_job, probes, requests, runs
from tests.contract.trial import Trial

Case = Callable[[Trial], Awaitable[None]]

CASES: tuple[Case, ...] = (
    probes.harmless_checks_hold,
    probes.a_probe_has_all_sections,
    probes.two_probes_tell_the_same,
    requests.malformed_requests_are_refused,
    requests.hostile_arguments_are_refused,
    requests.arguments_cut_short_run_nothing,
    requests.files_beside_the_list_are_refused,
    runs.an_unknown_run_is_unknown,
    runs.a_run_goes_from_start_to_end,
    runs.a_run_starts_once,
    runs.many_starts_at_once_are_one_run,
    runs.starts_over_several_connections_at_once_are_one_run,
    runs.output_can_be_taken_up_at_any_byte,
    runs.a_run_outlives_its_follower,
    runs.cancel_ends_a_run,
    files.files_are_compared_before_they_are_replaced,
    main_job.a_jail_lives_its_life,
    main_job.what_must_fail_fails_as_we_know_it,
    main_job.a_jail_with_two_addresses_and_a_flavour,
)


def title(case: Case) -> str:
    """Return a case's name in words."""
    return case.__name__.replace("_", " ")
