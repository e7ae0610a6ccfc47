package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// pageOf and cardOf write into memory.
func pageOf(t testing.TB, r Report) string { return written(t, r.Write) }

func cardOf(t testing.TB, r Report) string { return written(t, r.WriteCard) }

func written(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestGolden compares pages and cards with testdata; -update rewrites them.
func TestGolden(t *testing.T) {
	for _, fixture := range fixtures {
		for ending, write := range map[string]func(testing.TB, Report) string{".html": pageOf, ".md": cardOf} {
			t.Run(fixture.name+ending, func(t *testing.T) {
				compareGolden(t, fixture.name+ending, write(t, fixture.make()))
			})
		}
	}
}

// compareGolden compares with a file of testdata, or rewrites it.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; run with -update and look at the difference", golden)
	}
}
