"""How far a job is: steps done of all, and what the tool itself says of the step that runs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from apps.jobs.models import Job, JobState, Step, StepState


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is that has several parts.

    Args:
        done: Parts that came to a good end; of a batch, all that ended.
        total: All parts.
        state: The state of the whole, a `JobState`.
        percent: What the tool last printed of its own progress in the part that runs.
        failed: Parts of a batch that failed.
        unit: What a part is called.
    """

    done: int
    total: int
    state: str
    percent: int | None = None
    failed: int = 0
    unit: str = "step"

    @property
    def is_measured(self) -> bool:
        """Whether there is more to say than that it runs: one step without a percentage is done or not."""
        return self.total > 1 or self.percent is not None

    @property
    def is_checking(self) -> bool:
        """Whether all commands have run, and the host is looked at."""
        return self.unit == "step" and self.state == JobState.RUNNING and 0 < self.total == self.done

    @property
    def share(self) -> int:
        """How much of the whole is done, in percent; the part that runs counts by its own percentage."""
        if not self.total:
            return 0
        part = (self.percent or 0) if self.done < self.total else 0
        return min(100, (100 * self.done + min(100, part)) // self.total)

    @property
    def text(self) -> str:
        """The same in a few characters: "2 of 5 · 40 %"; empty when there is nothing to measure."""
        if self.is_checking:
            return "looks again"
        said = [f"{self.done} of {self.total}"] if self.total > 1 else []
        said += [f"{min(100, self.percent)} %"] if self.percent is not None else []
        said += [f"{self.failed} failed"] if self.failed else []
        return " · ".join(said)

    @property
    def title(self) -> str:
        """The same as a sentence."""
        if self.is_checking:
            return "All commands have run. The panel looks at the host, to see what is true now."
        verb = "ended" if self.unit == "job" else "done"
        words = f"{self.done} of {self.total} {self.unit}{'' if self.total == 1 else 's'} {verb}"
        if self.failed:
            words += f", {self.failed} failed"
        if self.percent is not None:
            words += f"; the command that runs says {min(100, self.percent)} %"
        return f"{words}."


def progress_of(job: Job) -> Progress:
    """Return how far a job is; it reads `job.steps.all()`, so lists fetch them before (`with_progress`)."""
    steps = list(job.steps.all())
    done = sum(step.state == StepState.SUCCEEDED for step in steps)
    running = next((step for step in steps if step.state == StepState.RUNNING), None)
    percent = running.percent if running and job.state == JobState.RUNNING else None
    return Progress(done, len(steps), job.state, percent)


def with_progress(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Have the steps of jobs fetched with them, only as much of each as `progress_of` reads."""
    return jobs.prefetch_related(light_steps())


def light_steps() -> Prefetch[str, QuerySet[Step], str]:
    """Return what fetches a job's steps without their commands."""
    return Prefetch("steps", Step.objects.only("job_id", "position", "state", "percent"))
