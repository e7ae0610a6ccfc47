package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"

	"mslora/internal/atomicfile"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// Formats are the extensions of pictures.
var Formats = []string{".svg", ".png", ".pdf"}

// record is the JSON file beside a picture: its numbers, and by their checksums which files are this program's to replace.
type record struct {
	Figure string            `json:"figure"` // its kind
	Files  map[string]string `json:"files"`  // SHA-256 of pictures and the CSV file
	Rows   any               `json:"rows"`
}

// Target is where a picture goes; its numbers go beside it.
type Target struct{ picture, csv, json string }

// NewTarget checks the extension of a picture's path, and that nothing is there that is not an earlier figure.
func NewTarget(path string) (Target, error) {
	extension := filepath.Ext(path)
	if !slices.Contains(Formats, extension) {
		return Target{}, hint.New("for example --out figure.svg", "%s does not end with one of %s", path, strings.Join(Formats, ", "))
	}
	stem := strings.TrimSuffix(path, extension)
	t := Target{path, stem + ".csv", stem + ".json"}
	return t, t.check()
}

// Files are the paths of picture, CSV and JSON.
func (t Target) Files() []string { return []string{t.picture, t.csv, t.json} }

const longestFigure = 256 << 20

// before reads the record of an earlier figure, an empty one if there is none.
func (t Target) before() (before record, err error) {
	data, err := regular.Read(t.json, longestFigure)
	if errors.Is(err, fs.ErrNotExist) {
		return before, nil
	}
	if err == nil && (json.Unmarshal(data, &before) != nil || before.Figure == "") {
		err = notOurs(t.json)
	}
	return before, err
}

// check refuses to replace files that are not those of an earlier figure.
func (t Target) check() error {
	before, err := t.before()
	if err != nil {
		return err
	}
	for _, path := range []string{t.picture, t.csv} {
		data, err := regular.Read(path, longestFigure)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if before.Files[filepath.Base(path)] != checksum(data) {
			return notOurs(path)
		}
	}
	return nil
}

func notOurs(path string) error {
	return hint.New("give another --out, or remove the file", "%s is there and is not as mslora wrote it", path)
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Write leaves the picture and its numbers. The picture comes last, so a killed program leaves what the next one replaces.
func (f Figure) Write(t Target) error {
	var picture, table bytes.Buffer
	if err := f.Render(&picture, filepath.Ext(t.picture)); err != nil {
		return err
	}
	if err := f.Table.WriteCSV(&table); err != nil {
		return err
	}
	before, err := t.before()
	if err != nil {
		return err
	}
	files := map[string]string{} // with the pictures of the same name in other formats, which stay ours to replace
	maps.Copy(files, before.Files)
	files[filepath.Base(t.picture)], files[filepath.Base(t.csv)] = checksum(picture.Bytes()), checksum(table.Bytes())
	numbers, err := json.MarshalIndent(record{f.Kind, files, f.Table}, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(
		atomicfile.WriteFile(t.json, append(numbers, '\n'), 0o644), atomicfile.WriteFile(t.csv, table.Bytes(), 0o644), atomicfile.WriteFile(t.picture, picture.Bytes(), 0o644),
	)
}

const (
	margin     = 4 * vg.Millimeter
	scaleWidth = 2.2 * vg.Centimeter
)

// Render draws the picture in a format.
func (f Figure) Render(out io.Writer, format string) error {
	width, height := f.Width*vg.Length(len(f.Panels[0]))+margin, f.Height*vg.Length(len(f.Panels))+margin
	if f.Scale != nil {
		width += scaleWidth
	}
	height += f.legendHeight(width - margin)
	var canvas vg.CanvasWriterTo
	switch format {
	case ".svg":
		canvas = newSVG(width, height)
	case ".png":
		const resolution = 150 // dots an inch
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))}
	case ".pdf":
		pdf := vgpdf.New(width, height)
		pdf.EmbedFonts(true)
		canvas = pdf
	default:
		return fmt.Errorf("there is no format %s", format)
	}
	f.draw(draw.New(canvas))
	_, err := canvas.WriteTo(out)
	return err
}

// draw puts the panels side by side, with aligned axes.
func (f Figure) draw(all draw.Canvas) {
	all = draw.Crop(all, margin/2, -margin/2, margin/2, -margin/2)
	if height := f.legendHeight(all.Max.X - all.Min.X); height > 0 {
		f.drawLegend(all)
		all = draw.Crop(all, 0, 0, 0, -height)
	}
	panels := all
	if f.Scale != nil {
		panels = draw.Crop(all, 0, -scaleWidth, 0, 0)
		top := draw.Crop(all, all.Max.X-all.Min.X-scaleWidth+vg.Points(6), 0, all.Max.Y-all.Min.Y-min(all.Max.Y-all.Min.Y, 1.6*f.Height), 0)
		f.Scale.Draw(top)
	}
	tiles := draw.Tiles{Rows: len(f.Panels), Cols: len(f.Panels[0]), PadX: vg.Points(8), PadY: vg.Points(6)}
	canvases := plot.Align(f.Panels, tiles, panels)
	for i, row := range f.Panels {
		for k, p := range row {
			if p != nil {
				p.Draw(canvases[i][k])
			}
		}
	}
}
