package spreadsheet

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestWriter(t *testing.T) {
	for _, test := range []struct {
		excel bool
		want  string
	}{{false, "text,label\n\"a \"\"film\"\", fine\",über\n"}, {true, "\ufefftext,label\n\"a \"\"film\"\", fine\",über\n"}} {
		var text strings.Builder
		w := New(&text, test.excel)
		w.Write("text", "label")
		w.Write(`a "film", fine`, "über")
		if err := w.Flush(); err != nil || text.String() != test.want {
			t.Errorf("excel %v: %q, %v", test.excel, text.String(), err)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		name, cell, ending string
		whole              bool
	}{
		{"short", "a film", "a film", true},
		{"the longest", strings.Repeat("a", 32767), "aaa", true},
		{"one more", strings.Repeat("a", 32768), "aaa…⟨cut, 32768 characters⟩", false},
		{"many bytes, few characters", strings.Repeat("電", 32767), "電電", true},
		{"characters of two units", strings.Repeat("👍", 16384), "👍👍…⟨cut, 16384 characters⟩", false},
	} {
		got := cut(test.cell)
		if n := len(utf16.Encode([]rune(got))); n > 32767 || (got == test.cell) != test.whole || !strings.HasSuffix(got, test.ending) {
			t.Errorf("%s: %d units that end with %q", test.name, n, got[max(0, len(got)-60):])
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterFails(t *testing.T) {
	for _, excel := range []bool{false, true} {
		w := New(full{}, excel)
		w.Write("a")
		if err := w.Flush(); err == nil || err.Error() != "disk full" {
			t.Errorf("excel %v: %v", excel, err)
		}
	}
}
