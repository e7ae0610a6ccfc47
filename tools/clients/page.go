package main

import (
	"fmt"
	"os"
	"strings"

	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

// Between these lines of a page stands the table.
const (
	tableBegins = "<!-- the table: make clients-table writes it -->\n"
	tableEnds   = "<!-- end of the table -->\n"
)

const tableHead = "| client | version | call | texts | largest difference (allowed) | on longer texts (allowed) | remarks |\n|---|---|---|--:|--:|--:|---|\n"

// rowBegins tells the rows of clients apart.
func (c client) rowBegins() string {
	return fmt.Sprintf("| [%s](../tools/clients/%s) | ", c.name, c.program)
}

// row is a row of the table, in Markdown.
func (m measured) row() string {
	return fmt.Sprintf("%s%s | `%s` | %d | %s (%g) | %s (%g) | %s |\n", m.rowBegins(), m.version, m.call, m.texts,
		short(m.others), m.allowedOthers(), short(m.longer), m.allowedLonger(), m.remark)
}

// writeTable puts a row into the table of the page at path. The other clients keep the rows that they have.
func writeTable(path string, row measured) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(page), tableBegins)
	old, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return hint.New(fmt.Sprintf("put the lines %q and %q where the table belongs", tableBegins, tableEnds), "%s has no place for the table", path)
	}
	table := tableHead
	for _, c := range clients {
		if c.name == row.name {
			table += row.row()
			continue
		}
		for line := range strings.Lines(old) {
			if strings.HasPrefix(line, c.rowBegins()) {
				table += line
			}
		}
	}
	return atomicfile.WriteFile(path, []byte(before+tableBegins+table+tableEnds+after), 0o644)
}
