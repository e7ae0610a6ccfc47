package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The call that the table and the model card give is the one that the program makes.
func TestCalls(t *testing.T) {
	card := read(t, filepath.Join(root, "report", "card.md"))
	for _, c := range clients {
		if !strings.Contains(card, c.call) {
			t.Errorf("the model card does not have %s", c.call)
		}
		program := strings.Join(strings.Fields(read(t, c.program)), "")
		// Each language puts the path together in its own way.
		call := strings.NewReplacer(" ", "", `"FOLDER/`, "…", `"FOLDER"`, "…", "})", "").Replace(c.call)
		for _, part := range strings.Split(call, "…") {
			if !strings.Contains(program, part) {
				t.Errorf("%s does not have %s of %s", c.program, part, c.call)
			}
		}
	}
}

// The page has a row for each client, measured with the version that is pinned now.
func TestPageHasVersions(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "clients.md"))
	for _, c := range clients {
		version, err := c.version(root)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(page, c.rowBegins()+version+" |") {
			t.Errorf("docs/clients.md has no row of %s %s; make clients-table measures it", c.name, version)
		}
	}
	if rows := strings.Count(page, "](../tools/clients/"); rows != len(clients) {
		t.Errorf("docs/clients.md has %d rows, and there are %d clients", rows, len(clients))
	}
}

func TestVersionMissing(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "requirements.txt"), []byte("other==1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := client{name: "x", pins: []pin{{"requirements.txt", `x==(\S+)`}}}
	if _, err := c.version(folder); err == nil || !strings.Contains(err.Error(), "no version of x") {
		t.Errorf("error is %v", err)
	}
}

func TestTexts(t *testing.T) {
	texts := makeTexts()
	if len(texts) != 200 {
		t.Errorf("%d texts", len(texts))
	}
	long, longest := 0, 0
	for _, text := range texts {
		longest = max(longest, len(strings.Fields(text.content)))
		if text.long {
			long++
		} else if words := len(strings.Fields(text.content)); words > 200 {
			t.Errorf("a text of %d words is not called long", words)
		}
	}
	if long != 4 || longest < 5000 {
		t.Errorf("%d long texts, the longest of %d words", long, longest)
	}
}
