package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/cmpimg"

	"mslora/eval"
	"mslora/experiment"
	"mslora/ortrain"
)

var update = flag.Bool("update", false, "rewrite golden images")

// made is a made-up cell; what it leaves out has the value of a cell as in the paper.
type made struct {
	method, attack, ratio string
	seed                  uint64
	config                string // hyperparameters as JSON
	cacc, asr, floor      int    // of 1000
	analysed              bool
}

// write leaves the files of a finished cell, with losses that fall and a backdoor that vanilla learns.
func (m made) write(t *testing.T, runs string) {
	t.Helper()
	folder := filepath.Join(runs, fmt.Sprintf("%s-%s-%s-%d-%x", m.method, m.attack, m.ratio, m.seed, sha256.Sum256([]byte(m.config))))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	share := func(n int) eval.Share { return eval.Share{Hits: n, Texts: 1000} }
	scores := eval.Scores{CACC: share(m.cacc), ASR: share(m.asr), Floor: share(m.floor)}
	config := m.config
	if config == "" {
		config = `{"learning_rate":0.00002}`
	}
	result := eval.Result{
		Dataset: "sst-2", Attack: m.attack, Target: 1, Setting: map[string]string{"badnets": "clean"}[m.attack], Ratio: m.ratio, Model: "bert-base-uncased",
		Architecture: "bert-12x768", Method: m.method, Seed: m.seed, Precision: "float32", Scores: scores, LastEpoch: &scores, BestEpoch: 3, Epochs: 3,
		Config: json.RawMessage(config), Device: "cpu",
	}
	if result.Setting == "" {
		result.Setting = "mix"
	}
	if err := result.Write(filepath.Join(folder, "result.json")); err != nil {
		t.Fatal(err)
	}
	aligns := strings.Contains(m.method, "muscle")
	var epochs, points bytes.Buffer
	for epoch := 1; epoch <= 3; epoch++ {
		record := ortrain.EpochRecord{Epoch: epoch, Loss: 0.7 / float64(epoch), GradientNorm: 2 + float64(epoch), DevAccuracy: 60 + 10*float64(epoch) - float64(m.seed%2), Best: true}
		if aligns {
			record.AuxLoss, record.Mu, record.FullyAligned = 0.6/float64(epoch), 0.05*float64(epoch-1), 1-0.2*float64(epoch)
		}
		if err := json.NewEncoder(&epochs).Encode(record); err != nil {
			t.Fatal(err)
		}
	}
	encoder := json.NewEncoder(&points)
	if err := encoder.Encode(experiment.FourierSetting{Kernel: "authors", Embeddings: "alone", Widths: []float64{2, 4}, Steps: 60, Epochs: 3}); err != nil {
		t.Fatal(err)
	}
	for step := 5; step <= 60; step += 5 {
		done := float64(step) / 60
		if aligns {
			done /= 3
		}
		of := func(v float64) []experiment.Rounded {
			return []experiment.Rounded{experiment.Rounded(v / 2), experiment.Rounded(v)}
		}
		point := experiment.FourierPoint{
			Step: step, Epoch: 1 + (step-1)/20, ASR: experiment.Rounded(100 * done),
			Clean:    experiment.FourierMeasures{LFR: of(1 - done/5), HFR: of(0.3 * done), LowError: of(1 - done/2), HighError: of(1.2 - done/2)},
			Backdoor: experiment.FourierMeasures{LFR: of(1), HFR: of(0.002 * done), LowError: of(1 - 0.95*done), HighError: of(math.Inf(1))},
		}
		if err := encoder.Encode(point); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{"metrics.jsonl": epochs.Bytes()}
	if m.analysed {
		files["fourier.jsonl"] = points.Bytes()
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func writeAll(t *testing.T, cells ...made) string {
	t.Helper()
	runs := t.TempDir()
	for _, m := range cells {
		m.write(t, runs)
	}
	return runs
}

var methods = []made{
	{method: "vanilla", attack: "badnets", ratio: "0.1", seed: 42, cacc: 913, asr: 946, floor: 90, analysed: true},
	{method: "vanilla", attack: "badnets", ratio: "0.1", seed: 43, cacc: 905, asr: 930, floor: 88, analysed: true},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, cacc: 868, asr: 120, floor: 110, analysed: true},
	{method: "lora", attack: "addsent", ratio: "0.1", seed: 42, cacc: 880, asr: 700, floor: 100},
}

var ratioSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.01", seed: 42, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.05", seed: 42, cacc: 870, asr: 110, floor: 95},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, cacc: 868, asr: 120, floor: 110},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 43, cacc: 850, asr: 180, floor: 120},
	{method: "musclelora", attack: "badnets", ratio: "0.2", seed: 42, cacc: 860, asr: 200, floor: 115},
	{method: "musclelora", attack: "addsent", ratio: "0.05", seed: 42, cacc: 866, asr: 130, floor: 100},
	{method: "musclelora", attack: "addsent", ratio: "0.1", seed: 42, cacc: 860, asr: 190, floor: 110},
}

var rateSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.00001}`, cacc: 700, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.0001}`, cacc: 860, asr: 150, floor: 95},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.001}`, cacc: 880, asr: 600, floor: 110},
}

var paperSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.00002}`, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.001}`, cacc: 860, asr: 600, floor: 110},
}

// aligning is a sweep over mu_max beside a cell that has none, as its rule differs, too.
var aligning = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"paper","mu_max":0.1}`, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"paper","mu_max":0.2}`, cacc: 870, asr: 110, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"always"}`, cacc: 860, asr: 120, floor: 90},
}

var scalesSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"scales":[1,2,4]}`, cacc: 850, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"scales":[1,8,16]}`, cacc: 860, asr: 150, floor: 95},
}

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

func drawn(t *testing.T, kind, axis string, cells []made) Figure {
	t.Helper()
	k, err := Find(kind)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Draw(k, []string{writeAll(t, cells...)}, axis)
	if err != nil {
		t.Fatal(err)
	}
	return f
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

// The tables have the numbers that the cells tell.
func TestTables(t *testing.T) {
	for _, test := range []struct {
		kind  string
		cells []made
		rows  int
		want  map[string]string // of the first row
	}{
		// Points at steps 5, 10, 15 and 20 of 60: done is 5/24 on average, and 1/12 in the first.
		{"fourier-ratios", methods, 6, map[string]string{"method": "vanilla", "seeds": "2", "epoch": "1", "clean_lfr": "0.958333", "backdoor_lfr": "1", "clean_hfr": "0.0625", "backdoor_hfr": "0.000416667"}},
		{"fourier-errors", methods, 24, map[string]string{"method": "vanilla", "step": "5", "epoch": "0.25", "backdoor_low": "0.920833", "clean_low": "0.958333", "backdoor_high": "", "clean_high": "1.15833"}},
		{"training", methods, 9, map[string]string{"method": "vanilla", "loss": "0.7", "auxiliary_loss": "", "mu": "", "dev_accuracy": "69.5", "dev_asr": "33.3333"}},
		{"alignment", methods, 3, map[string]string{"method": "musclelora", "fully_aligned": "80", "gradient_norm": "3"}},
		{"tradeoff", methods, 3, map[string]string{"method": "vanilla", "cacc": "90.9", "asr": "93.8", "floor": "8.9", "paper_cacc": "91.27", "paper_asr": "94.63"}},
		// The paper's cell is that with its learning rate.
		{"sweep", paperSweep, 2, map[string]string{"attack": "badnets", "learning_rate": "2e-05", "cacc": "88", "paper_cacc": "86.54", "paper_asr": "12.94"}},
		{"sweep", ratioSweep, 6, map[string]string{"attack": "badnets", "ratio": "0.01", "cacc": "88", "asr": "10", "paper_cacc": ""}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			table := drawn(t, test.kind, "", test.cells).Table
			var text bytes.Buffer
			if err := table.WriteCSV(&text); err != nil {
				t.Fatal(err)
			}
			records, err := csv.NewReader(&text).ReadAll()
			if err != nil || len(records) != test.rows+1 {
				t.Fatalf("%d lines, error %v, want %d", len(records), err, test.rows+1)
			}
			encoded, err := json.Marshal(table)
			if err != nil {
				t.Fatal(err)
			}
			var objects []map[string]any
			if err := json.Unmarshal(encoded, &objects); err != nil || len(objects) != test.rows {
				t.Fatalf("%d objects, error %v", len(objects), err)
			}
			for i, column := range records[0] {
				want, ok := test.want[column]
				if !ok {
					continue
				}
				if records[1][i] != want {
					t.Errorf("%s is %s, want %s", column, records[1][i], want)
				}
				value := objects[0][column]
				if number, ok := value.(float64); ok {
					value = strconv.FormatFloat(number, 'g', 6, 64)
				}
				if value == nil && want == "" {
					continue
				}
				if value != want {
					t.Errorf("%s is %v in JSON, want %s", column, value, want)
				}
				delete(test.want, column)
			}
		})
	}
}

// Cells of other sweeps in the same folder are left out, and titles tell what differs between panels alone.
func TestSweepAmongOthers(t *testing.T) {
	cell := func(attack, config string) made {
		return made{method: "musclelora", attack: attack, ratio: "0.1", seed: 42, config: config, cacc: 860, asr: 150, floor: 95}
	}
	cells := []made{
		cell("badnets", `{"auxiliary":96,"learning_rate":0.0001}`), cell("badnets", `{"auxiliary":96,"learning_rate":0.001}`),
		cell("badnets", `{"auxiliary":32,"learning_rate":0.0001}`), cell("badnets", `{"auxiliary":16,"learning_rate":0.0001}`),
		cell("addsent", `{"auxiliary":96,"learning_rate":0.0001}`), cell("addsent", `{"auxiliary":96,"learning_rate":0.001}`),
	}
	more := cell("badnets", `{"auxiliary":96,"learning_rate":0.0001}`)
	more.ratio = "0.2"
	cells = append(cells, more)
	for axis, want := range map[string][]string{
		"learning_rate": {"sst-2, bert-base-uncased, badnets (clean 0.1), MuScleLoRA", "sst-2, bert-base-uncased, addsent (mix 0.1), MuScleLoRA"},
		"auxiliary":     {"sst-2, bert-base-uncased, badnets (clean 0.1), MuScleLoRA"},
		"ratio":         {"sst-2, bert-base-uncased, badnets, MuScleLoRA"},
	} {
		var got []string
		for _, row := range drawn(t, "sweep", axis, cells).Panels {
			for _, panel := range row {
				if panel != nil {
					got = append(got, panel.Title.Text)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: panels %q, want %q", axis, got, want)
		}
	}
	alone := drawn(t, "sweep", "", rateSweep[:2])
	if len(alone.Table.Rows) != 2 {
		t.Errorf("%d rows, want 2", len(alone.Table.Rows))
	}
}

// What no cell has is no panel: nobody aligns, so there is no auxiliary loss and no mu.
func TestEmptyPanels(t *testing.T) {
	f := drawn(t, "training", "", methods[:2])
	var labels []string
	for _, row := range f.Panels {
		for _, p := range row {
			if p != nil {
				labels = append(labels, p.Y.Label.Text)
			}
		}
	}
	if want := []string{"Loss", "Dev accuracy (%)", "ASR on dev (%)"}; !slices.Equal(labels, want) {
		t.Errorf("panels %q, want %q", labels, want)
	}
}

// Labels of ticks do not touch.
func TestApart(t *testing.T) {
	ticks := []plot.Tick{{Label: "1e-4"}, {Label: "2e-4"}, {Label: "3e-4"}, {Label: "0.001"}}
	apart(ticks, []float64{0.04, 0.05, 0.3, 0.96}, axisWidth)
	var labels []string
	for _, tick := range ticks {
		labels = append(labels, tick.Label)
	}
	if want := []string{"1e-4", "", "3e-4", "0.001"}; !slices.Equal(labels, want) {
		t.Errorf("labels %q, want %q", labels, want)
	}
	for value, want := range map[float64]string{0: "0", 1e-5: "1e-5", 0.0001: "1e-4", 0.00025: "2.5e-4", 0.001: "0.001", 0.1: "0.1", 100: "100", 1e-12: "1e-12"} {
		if got := number(value); got != want {
			t.Errorf("%v is %s, want %s", value, got, want)
		}
	}
}

// All figures of a folder with several sweeps are drawn: each sweep, and lines that are too many for one picture in several.
func TestDrawAll(t *testing.T) {
	var cells []made
	add := func(attack, config, ratio string) {
		cells = append(cells, made{method: "musclelora", attack: attack, ratio: ratio, seed: 42, config: config, cacc: 860, asr: 150, floor: 95})
	}
	for i := range 22 {
		add("badnets", fmt.Sprintf(`{"auxiliary":%d,"learning_rate":0.0001}`, 16+i), "0.1")
	}
	add("badnets", `{"auxiliary":16,"learning_rate":0.001}`, "0.1")
	add("addsent", `{"auxiliary":16,"learning_rate":0.0001}`, "0.1")
	all, err := DrawAll(writeAll(t, cells...))
	if err != nil {
		t.Fatal(err)
	}
	var got, missing []string
	for _, d := range all {
		if d.Err != nil {
			missing = append(missing, d.Name)
			continue
		}
		got = append(got, d.Name)
	}
	const cell = "sst-2, bert-base-uncased, "
	want := []string{
		"training: " + cell + "badnets, 1 of 2", "training: " + cell + "badnets, 2 of 2", "training: " + cell + "addsent",
		"alignment: " + cell + "badnets, 1 of 2", "alignment: " + cell + "badnets, 2 of 2", "alignment: " + cell + "addsent",
		"sweep: auxiliary texts", "sweep: learning rate", "tradeoff",
	}
	if !slices.Equal(got, want) || !slices.Equal(missing, []string{"fourier-ratios", "fourier-errors"}) {
		t.Errorf("drawn %q, want %q; not drawn %q", got, want, missing)
	}
	if about := all[8].Figure.About; about != "CACC, ASR and floor over auxiliary texts, as in Figures 4 and 6 to 10" {
		t.Errorf("about %q", about)
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name, kind, axis string
		cells            []made
		want             string
	}{
		{"nothing analysed", "fourier-errors", "", rateSweep, "none of the 3 cells has a Fourier analysis"},
		{"nothing aligned", "alignment", "", methods[:2], "none of the 2 cells aligns gradients"},
		{"no sweep", "sweep", "", methods[:2], "no two cells differ in one setting alone"},
		{"other axis", "sweep", "mu_max", rateSweep, `no two cells differ in "mu_max" alone`},
		{"two axes", "sweep", "", slices.Concat(rateSweep, ratioSweep[:2]), "there are sweeps over learning_rate, ratio"},
		{"an axis that differs among others", "sweep", "align", aligning, `no two cells differ in "align" alone`},
		{"axis of no sweep", "training", "ratio", methods, "--axis is for a sweep, not for training"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := Find(test.kind)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Draw(k, []string{writeAll(t, test.cells...)}, test.axis); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	if _, err := Find("pie"); err == nil || err.Error() != `there is no kind of figure "pie"` {
		t.Errorf("error %v", err)
	}
}

// A figure replaces an earlier one, and nothing else.
func TestWrite(t *testing.T) {
	f := drawn(t, "tradeoff", "", methods)
	folder := t.TempDir()
	path := filepath.Join(folder, "f.svg")
	for range 2 {
		target, err := NewTarget(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(target); err != nil {
			t.Fatal(err)
		}
	}
	for _, extension := range []string{".png", ".pdf", ".png", ".svg"} { // of one name, in turn
		target, err := NewTarget(filepath.Join(folder, "f"+extension))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(target); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"f.svg", "f.csv", "f.json"} {
		kept, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := NewTarget(path); err == nil || err.Error() != filepath.Join(folder, name)+" is there and is not as mslora wrote it" {
			t.Errorf("%s was changed: error %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), kept, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewTarget(filepath.Join(folder, "f.gif")); err == nil {
		t.Error("a GIF is no error")
	}
}

// Names of any length and kind come from result files, and must neither break a picture nor run in a spreadsheet.
func TestUntrustedNames(t *testing.T) {
	cells := []made{methods[0], methods[2]}
	runs := writeAll(t, cells...)
	paths, err := filepath.Glob(filepath.Join(runs, "*", "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		r, err := eval.ReadResult(path)
		if err != nil {
			t.Fatal(err)
		}
		r.Dataset = "=cmd()\n\x1b[31m<script>" + strings.Repeat("長", 500*i)
		if err := r.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	k, err := Find("training")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Draw(k, []string{runs}, "")
	if err != nil {
		t.Fatal(err)
	}
	checkSVG(t, f)
	var text bytes.Buffer
	if err := f.Table.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "\n=cmd") || strings.Contains(text.String(), "\x1b") {
		t.Errorf("%.300q", text.String())
	}
}

// A method that was never poisoned stands beside those that were, in the panel of their attack, and has one of its own if there is none.
func TestTradeoffNeverPoisoned(t *testing.T) {
	never := []made{
		{method: "lora", attack: "addsent", ratio: "0", seed: 42, cacc: 906, asr: 238, floor: 117},
		{method: "lora", attack: "stylebkd", ratio: "0", seed: 42, cacc: 906, asr: 221, floor: 117},
	}
	f := drawn(t, "tradeoff", "", slices.Concat(methods, never))
	panels := 0
	for _, row := range f.Panels {
		for _, p := range row {
			if p != nil {
				panels++
			}
		}
	}
	if panels != 3 { // badnets, addsent with both, stylebkd
		t.Errorf("%d panels, want 3", panels)
	}
	if len(f.Table.Rows) != 5 {
		t.Errorf("%d points", len(f.Table.Rows))
	}
}

// As many lines as a panel may have all look different, and so do their points.
func TestStyles(t *testing.T) {
	lines, points := map[string]int{}, map[string]int{}
	for i := range mostLines {
		line, point := style(i)
		lines[fmt.Sprint(line.Color, line.Dashes)]++
		points[fmt.Sprintf("%v %T %[2]v", point.Color, point.Shape)]++
	}
	if len(lines) != mostLines || len(points) != mostLines {
		t.Errorf("%d looks of %d lines, %d of their points", len(lines), mostLines, len(points))
	}
}
