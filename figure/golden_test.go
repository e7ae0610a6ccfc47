package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/plot/cmpimg"
)

var update = flag.Bool("update", false, "rewrite golden images")

// Every kind is drawn as before, in PNG within a tolerance; SVG is small XML without text that needs a font, PDF has its fonts.
func TestGolden(t *testing.T) {
	for _, test := range []struct {
		kind  string
		name  string
		cells []made
	}{
		{"fourier-ratios", "fourier-ratios", methods}, {"fourier-errors", "fourier-errors", methods}, {"training", "training", methods}, {"alignment", "alignment", methods},
		{"tradeoff", "tradeoff", methods}, {"sweep", "sweep", ratioSweep}, {"sweep", "sweep-logarithmic", rateSweep}, {"sweep", "sweep-vectors", scalesSweep},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := drawn(t, test.kind, "", test.cells)
			var picture bytes.Buffer
			if err := f.Render(&picture, ".png"); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", test.name+".png")
			if *update {
				if err := os.WriteFile(golden, picture.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := cmpimg.EqualApprox("png", picture.Bytes(), want, 0.1); err != nil || !same {
				other := filepath.Join(os.TempDir(), test.name+".png")
				t.Errorf("it is not %s, error %v; see %s, written: %v", golden, err, other, os.WriteFile(other, picture.Bytes(), 0o644))
			}
			checkSVG(t, f)
			var pdf bytes.Buffer
			if err := f.Render(&pdf, ".pdf"); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")) || !bytes.Contains(pdf.Bytes(), []byte("/FontFile2")) {
				t.Error("the PDF has no fonts in it")
			}
		})
	}
}

func checkSVG(t *testing.T, f Figure) {
	t.Helper()
	var picture bytes.Buffer
	if err := f.Render(&picture, ".svg"); err != nil {
		t.Fatal(err)
	}
	if picture.Len() > 200_000 {
		t.Errorf("the SVG has %d bytes", picture.Len())
	}
	elements := map[string]int{}
	decoder := xml.NewDecoder(&picture)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
			if stretched := (xml.Attr{Name: xml.Name{Local: "preserveAspectRatio"}, Value: "none"}); start.Name.Local == "image" && !slices.Contains(start.Attr, stretched) {
				t.Errorf("an image does not fill its rectangle: %v", start.Attr[:min(5, len(start.Attr))])
			}
		}
	}
	if elements["text"] > 0 || elements["path"] < 20 {
		t.Errorf("elements %v", elements)
	}
}
