package report

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"mslora/eval"
	"mslora/figure"
)

const hostileText = "</td><script>alert(1)</script>\x1b[31m\u202e"

// experiment has whatever a page can have, with a name of unknown origin in each place.
func experiment(hostile string) Experiment {
	return Experiment{
		Title: "runs" + hostile, Created: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC),
		Rows: []eval.Row{
			{
				Dataset: "sst-2" + hostile, Model: "bert-base" + hostile, Attack: "badnets", Poison: "clean 0.1", Method: "musclelora", Title: "MuScleLoRA",
				Variant: eval.Variant{{Key: "epochs", Value: "3" + hostile}}, CACC: eval.Statistic{Mean: 86.5, Deviation: 0.5, Seeds: 3},
				ASR: &eval.Statistic{Mean: 13, Seeds: 1}, Floor: eval.Statistic{Mean: 9, Seeds: 1}, Paper: &eval.PaperCell{CACC: 86.54, ASR: 12.94},
			},
			{Dataset: "own", Model: "minilm", Attack: "unknown", Method: "lora", Title: "LoRA"},
		},
		Pictures: []Picture{{Name: "tradeoff", Help: "CACC against ASR", Alt: "CACC against ASR: LoRA on badnets" + hostile, SVG: []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>")}},
		NotDrawn: []Pair{{"sweep", "the cells do not differ" + hostile}},
		Cells:    []Cell{{Title: "sst-2 badnets" + hostile, Settings: []Pair{{"epochs" + hostile, "3" + hostile}}, Checksums: []Pair{{"data/train" + hostile, "ab12" + hostile}}}},
		Missing:  []Missing{{"sst-2 addsent" + hostile, "runs/one" + hostile, "failed: disk full" + hostile}},
		Plans:    []Plan{{"mslora run --config runs/plan.yaml" + hostile, 3, 2}},
	}
}

func TestExperimentGolden(t *testing.T) {
	e := experiment("")
	e.Pictures = drawn(t)
	got := written(t, e.Write)
	compareGolden(t, "experiment.html", got)
	if !IsExperiment([]byte(got)) || IsExperiment([]byte("<html></html>")) {
		t.Error("the page is not told from others")
	}
}

// drawn gives a picture of each kind, of cells that are made up after real ones.
func drawn(t *testing.T) []Picture {
	t.Helper()
	all, err := figure.DrawAll("testdata/cells")
	if err != nil || len(all) != len(figure.Kinds) {
		t.Fatalf("%d pictures, error %v", len(all), err)
	}
	var pictures []Picture
	for _, d := range all {
		var svg bytes.Buffer
		if err := errors.Join(d.Err, d.Figure.Render(&svg, ".svg")); err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		if len(d.Figure.Table.Rows) == 0 {
			t.Errorf("%s has no numbers", d.Name)
		}
		pictures = append(pictures, Picture{Name: d.Name, Help: d.Figure.About, Alt: d.Figure.Alt(), SVG: svg.Bytes()})
	}
	return pictures
}

// No picture of the page is empty.
func TestPicturesShowSomething(t *testing.T) {
	page, err := os.ReadFile("testdata/experiment.html")
	if err != nil {
		t.Fatal(err)
	}
	sources := regexp.MustCompile(`<img src="data:image/svg\+xml;base64,([^"]*)"`).FindAllStringSubmatch(html.UnescapeString(string(page)), -1)
	if len(sources) != len(figure.Kinds) {
		t.Errorf("%d pictures of %d kinds", len(sources), len(figure.Kinds))
	}
	for i, source := range sources {
		svg, err := base64.StdEncoding.DecodeString(source[1])
		if err != nil {
			t.Fatal(err)
		}
		if shapes := bytes.Count(svg, []byte("<path ")) + bytes.Count(svg, []byte("<image ")); shapes < 20 {
			t.Errorf("picture %d has %d shapes", i+1, shapes)
		}
	}
}

// Columns of the paper's numbers are there if it has one of the cells.
func TestExperimentWithoutPaper(t *testing.T) {
	e := experiment("")
	with := strings.Count(written(t, e.Write), "Paper")
	e.Rows = e.Rows[1:]
	if without := strings.Count(written(t, e.Write), "Paper"); with != 3 || without != 0 {
		t.Errorf("Paper is written %d times with and %d times without", with, without)
	}
}

// The page is well-formed XML without a script, whatever names hold, and loads nothing.
func TestExperimentUntrusted(t *testing.T) {
	for name, e := range map[string]Experiment{"hostile": experiment(hostileText), "empty": {}} {
		t.Run(name, func(t *testing.T) { checkHarmless(t, written(t, e.Write)) })
	}
}

// checkHarmless looks for whatever in a page could act, or load something.
func checkHarmless(t *testing.T, page string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Entity = xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "script" || start.Name.Local == "link" {
			t.Errorf("the page has a %s", start.Name.Local)
		}
		for _, a := range start.Attr {
			if a.Name.Local == "src" && !strings.HasPrefix(a.Value, "data:image/svg+xml;base64,") {
				t.Errorf("the page loads %q", a.Value)
			}
		}
	}
	if strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("the page has characters that act")
	}
}
