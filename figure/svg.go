package figure

import (
	"bytes"
	"io"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// svg is an SVG canvas that draws text as the outlines of its letters. So a figure looks the same everywhere, as with an embedded font,
// but is small: the font has half a megabyte.
type svg struct{ *vgsvg.Canvas }

func newSVG(width, height vg.Length) svg { return svg{vgsvg.NewWith(vgsvg.UseWH(width, height))} }

// WriteTo is vg.CanvasWriterTo's. Images fill their rectangles, as on other canvases; browsers would keep the ratio of their sides.
func (s svg) WriteTo(out io.Writer) (int64, error) {
	var text bytes.Buffer
	if _, err := s.Canvas.WriteTo(&text); err != nil {
		return 0, err
	}
	n, err := out.Write(bytes.ReplaceAll(text.Bytes(), []byte("<image "), []byte(`<image preserveAspectRatio="none" `)))
	return int64(n), err
}

// FillString draws text with its left end at a point of the baseline.
func (s svg) FillString(face font.Face, at vg.Point, text string) {
	if path := outline(face, at, text); len(path) > 0 {
		s.Fill(path)
	}
}

// outline gives the outlines of a text's letters. Coordinates of a font grow downwards, in 64ths of a unit of the em square.
func outline(face font.Face, at vg.Point, text string) vg.Path {
	var path vg.Path
	var buffer sfnt.Buffer
	units := face.Face.UnitsPerEm()
	scale := face.Font.Size / vg.Length(units) / 64
	left := fixed.Int26_6(0)
	place := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: at.X + scale*vg.Length(left+p.X), Y: at.Y - scale*vg.Length(p.Y)}
	}
	for _, letter := range text {
		index, err := face.Face.GlyphIndex(&buffer, letter)
		if err != nil {
			continue
		}
		segments, err := face.Face.LoadGlyph(&buffer, index, fixed.I(int(units)), nil)
		if err != nil {
			continue
		}
		for i, segment := range segments {
			a := segment.Args
			switch segment.Op {
			case sfnt.SegmentOpMoveTo:
				if i > 0 {
					path.Close()
				}
				path.Move(place(a[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(place(a[0]))
			case sfnt.SegmentOpQuadTo:
				path.QuadTo(place(a[0]), place(a[1]))
			case sfnt.SegmentOpCubeTo:
				path.CubeTo(place(a[0]), place(a[1]), place(a[2]))
			}
		}
		if len(segments) > 0 {
			path.Close()
		}
		if advance, err := face.Face.GlyphAdvance(&buffer, index, fixed.I(int(units)), 0); err == nil {
			left += advance
		}
	}
	return path
}
