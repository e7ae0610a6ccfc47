package main

import (
	"bytes"
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

// table is in Markdown, a row for each client.
func table(rows []measured) string {
	var b strings.Builder
	b.WriteString("| client | version | call | texts | largest difference (allowed) | on longer texts (allowed) | remarks |\n|---|---|---|--:|--:|--:|---|\n")
	for _, m := range rows {
		fmt.Fprintf(&b, "| [%s](../tools/clients/%s) | %s | `%s` | %d | %s (%g) | %s (%g) | %s |\n", m.name, m.program, m.version, m.call, m.texts,
			short(m.others), bound, short(m.longer), m.allowedLonger(), m.remark)
	}
	return b.String()
}

// writeTable puts the table into the page at path, in place of the one before.
func writeTable(path, table string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(page, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return hint.New(fmt.Sprintf("put the lines %q and %q where the table belongs", tableBegins, tableEnds), "%s has no place for the table", path)
	}
	return atomicfile.WriteFile(path, []byte(string(before)+tableBegins+table+tableEnds+string(after)), 0o644)
}
