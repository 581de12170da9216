"""JUnit: the results of a verification as XML, which every CI reads."""

from collections.abc import Sequence

from kb.verify.judging import Result


def junit(results: Sequence[Result]) -> str:
    """The results as JUnit XML."""
    from xml.etree import ElementTree  # deferred: 10 ms, for those who ask for it

    suite = ElementTree.Element("testsuite", name="kb verify", tests=str(len(results)))
    suite.set("failures", str(sum(not one.ok for one in results)))
    suite.set("time", f"{sum(one.run.seconds for one in results):.3f}")
    for one in results:
        name = f"{one.task.what} {one.task.id}".strip()
        seconds = f"{one.run.seconds:.3f}"
        case = ElementTree.SubElement(suite, "testcase", classname=f"kb.{one.task.entry}", name=name, time=seconds)
        if not one.ok:
            failure = ElementTree.SubElement(case, "failure", message=_xml(one.note))
            failure.text = _xml(one.run.stderr)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(char for char in text if char in "\t\n" or (char.isprintable() and char < "\ufffe"))
