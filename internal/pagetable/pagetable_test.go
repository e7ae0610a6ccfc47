package pagetable

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestRead(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read[int](folder); err == nil || !strings.Contains(err.Error(), "has no results") {
		t.Errorf("empty: %v", err)
	}
	write("b.json", "2")
	write("a.json", "1")
	write("c.txt", "no result")
	if all, err := Read[int](folder); err != nil || len(all) != 2 || all[0] != 1 || all[1] != 2 {
		t.Errorf("%v, %v", all, err)
	}
	write("c.json", "three")
	if _, err := Read[int](folder); err == nil || !strings.Contains(err.Error(), "c.json") {
		t.Errorf("damaged: %v", err)
	}
}
