"""An import contract: one module enters another only by its doors."""

from collections.abc import Iterator
from typing import ClassVar

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """Inside `package`, code of one module may import from another module its doors alone.

    Options: package: the package whose direct children are the modules, such as `mekong`. open: modules that may be
    entered anywhere, such as the foundation. doors: names of the rooms that may be imported from other modules. The
    module itself (`mekong.orders`) counts as none.
    """

    type_name = "doors"

    package = fields.StringField()
    open = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    doors = fields.ListField(subfield=fields.StringField())

    #: One line of a finding: who imports what.
    _arrow: ClassVar[str] = "{importer} imports {imported} (line {line}): enter {module} by {doors}."

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the base class's signature
        """Collect every import that goes in by a window."""
        broken = list(self._windows(graph))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say which imports they are, and where to go in instead."""
        for line in check.metadata["broken"]:
            output.print_error(f"- {line}")

    def _windows(self, graph: ImportGraph) -> Iterator[str]:
        inside = f"{self.package}."
        for importer in sorted(module for module in graph.modules if module.startswith(inside)):
            home = importer.removeprefix(inside).split(".")[0]
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if not imported.startswith(inside):
                    continue
                module, *rooms = imported.removeprefix(inside).split(".")
                if module == home or module in self.open or not rooms or rooms[0] in self.doors:
                    continue
                details = graph.get_import_details(importer=importer, imported=imported)
                yield self._arrow.format(
                    importer=importer,
                    imported=imported,
                    line=details[0]["line_number"] if details else "?",
                    module=f"{self.package}.{module}",
                    doors=", ".join(self.doors),
                )
