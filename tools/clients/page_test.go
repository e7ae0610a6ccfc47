package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteTable(t *testing.T) {
	page := filepath.Join(t.TempDir(), "clients.md")
	first, second := clients[0], clients[1]
	before, after := "# Title\n\n"+tableBegins, tableEnds+"\nmore\n"
	kept := second.rowBegins() + "an old row |\n"
	for _, old := range []string{kept, tableHead + first.rowBegins() + "old |\n" + kept, kept + "Not a row.\n"} {
		if err := os.WriteFile(page, []byte(before+old+after), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := writeTable(page, measured{client: client{name: first.name, program: first.program, call: "open()", remark: "r"},
			version: "1.2", texts: 200, longer: 0.25, others: 1.44e-7}); err != nil {
			t.Fatal(err)
		}
		row := first.rowBegins() + "1.2 | `open()` | 200 | 1.4e-7 (1e-05) | 2.5e-1 (1e-05) | r |\n"
		if content, want := read(t, page), before+tableHead+row+kept+after; content != want {
			t.Errorf("the page is\n%s\nwant\n%s", content, want)
		}
	}
	if err := os.WriteFile(page, []byte("# Title\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeTable(page, measured{}); err == nil || !strings.Contains(err.Error(), "has no place for the table") {
		t.Errorf("error is %v", err)
	}
}

func TestPythonBlocks(t *testing.T) {
	blocks := pythonBlocks("a\n```python\nx = 1\n```\n```sh\nls\n```\n```python\ny = 2\n```\n")
	if len(blocks) != 2 || blocks[0] != "x = 1\n" || blocks[1] != "y = 2\n" {
		t.Errorf("%q", blocks)
	}
}
