package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/urfave/cli/v2"

	"mslora/classifier"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/visible"
	"mslora/ortrain"
)

// graphsFlag is a flag that graphStore reads.
func graphsFlag() cli.Flag {
	return &cli.StringFlag{Name: "graphs", Usage: "`FOLDER` of graphs exported for other architectures"}
}

// graphStore reads --graphs.
func graphStore(c *cli.Context) (graphs.Store, error) { return graphs.NewStore(c.String("graphs")) }

// quantizeFlag is a flag that quantizeFromFlags reads.
func quantizeFlag() cli.Flag {
	return &cli.StringFlag{Name: "quantize", Usage: "int8: also write " + classifier.QuantizedFile + ", a quarter as large (docs/quantize.md)", DefaultText: "none"}
}

// quantizeFromFlags tells whether a quantized file is asked for.
func quantizeFromFlags(c *cli.Context) (bool, error) {
	kind := c.String("quantize")
	if c.IsSet("quantize") && kind != "int8" {
		return false, hint.New("give int8, or leave it out", "--quantize %q is unknown", kind)
	}
	return kind != "", nil
}

// place is where a command that answers with classifiers runs them.
type place struct {
	Device    ortrain.Device
	Graphs    graphs.Store
	Library   string // --onnxruntime
	Quantized bool
}

// open opens a classifier, or its quantized file if that was asked for. ONNX Runtime must be loaded.
func (p place) open(folder string) (*classifier.Classifier, error) {
	switch {
	case p.Quantized && p.Device.Int8:
		return nil, hint.New("give one of them", "--quantized and --precision int8 both say what to run")
	case p.Quantized:
		return classifier.OpenQuantized(folder, p.Device)
	}
	return classifier.Open(folder, p.Graphs, p.Device)
}

// placeFlags are those that placeFromFlags reads.
func placeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", Value: "cpu"},
		&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores"},
		graphsFlag(),
		&cli.StringFlag{Name: "precision", Usage: precisionUsage, Value: ortrain.PrecisionFloat32},
		&cli.BoolFlag{Name: "quantized", Usage: "run " + classifier.QuantizedFile + " of each folder, which --quantize int8 wrote"},
		&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`"},
	}
}

func placeFromFlags(c *cli.Context) (p place, err error) {
	if p.Device, err = deviceFromFlags(c); err != nil {
		return p, err
	}
	p.Graphs, err = graphStore(c)
	p.Library, p.Quantized = c.String("onnxruntime"), c.Bool("quantized")
	return p, err
}

// deviceFromFlags reads --device, --threads and --precision.
func deviceFromFlags(c *cli.Context) (ortrain.Device, error) {
	device, err := ortrain.ParseDevice(c.String("device"), c.Int("threads"))
	if err != nil {
		return device, err
	}
	device, text, err := device.WithPrecision(c.String("precision"))
	notice(c.App.ErrWriter, text)
	return device, err
}

// writeJSON prints a value as one line. Texts from elsewhere stay exact, and what would steer a terminal becomes an escape.
func writeJSON(out io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := out.Write(visible.JSON(text.Bytes()))
	return err
}
