package figure

import (
	"fmt"
	"image/color"
	"math"
	"testing"
)

// leastLightness is how far neighbouring bars are apart in lightness, L* of CIELAB, from 0, black, to 100, white.
const leastLightness = 20

// Bars are told apart in grey: neighbours by their lightness, those of like colour by their hatching.
func TestBarsInGrey(t *testing.T) {
	looks := map[string]bool{}
	for i, bar := range ratioBars {
		next := ratioBars[(i+1)%len(ratioBars)] // the last one's is the first of the next epoch
		if apart := math.Abs(lightness(bar.color) - lightness(next.color)); apart < leastLightness {
			t.Errorf("%s and %s are %.1f apart in lightness", bar.name, next.name, apart)
		}
		looks[fmt.Sprint(bar.color, bar.hatch)] = true
	}
	if len(looks) != len(ratioBars) {
		t.Errorf("%d looks of %d bars", len(looks), len(ratioBars))
	}
}

func TestLightness(t *testing.T) {
	for _, test := range []struct {
		color color.RGBA
		want  float64
	}{{color.RGBA{A: 255}, 0}, {color.RGBA{255, 255, 255, 255}, 100}, {color.RGBA{119, 119, 119, 255}, 50}} {
		if got := lightness(test.color); math.Abs(got-test.want) > 0.1 {
			t.Errorf("%v: got %.2f, want %.0f", test.color, got, test.want)
		}
	}
}

// lightness is L* of a colour of sRGB.
func lightness(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		if share := float64(v) / 255; share > 0.04045 {
			return math.Pow((share+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	y := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	if y <= 216.0/24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}
