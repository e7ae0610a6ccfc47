package ortrain

import (
	"fmt"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

// packMask turns a padded mask, [N, L, d], [N, H, L, L], [N, H, L, p] or [N, d], into the layout that spec describes. b holds
// some of the N texts, and longest is L. Slots without a token keep everything: they must not matter.
func packMask(padded []byte, spec graphs.Value, shape []int64, b *Batch, texts []int, longest int) []byte {
	packed := slices.Repeat([]byte{1}, int(ort.Shape(shape).FlattenedSize()))
	last := int(shape[len(shape)-1])
	for text, from := range texts {
		first := int(b.FirstTokens[text])
		length := b.Tokens - first
		if text+1 < b.Texts {
			length = int(b.FirstTokens[text+1]) - first
		}
		switch layout := fmt.Sprint(spec.Shape[0]) + fmt.Sprint(len(spec.Shape)); layout {
		case "T2": // [T, d]
			for position := range length {
				copy(packed[(first+position)*last:][:last], padded[(from*longest+position)*last:][:last])
			}
		case "B2": // [B, d]: padded has all positions in a layer, one in the head
			positions := 1
			if strings.HasPrefix(spec.Name, "keep.layer.") {
				positions = longest
			}
			copy(packed[text*last:][:last], padded[from*positions*last:][:last])
		case "B4": // [B, H, 1, L] or [B, H, 1, p]: the first token asks
			heads, seen := int(shape[1]), longest
			if spec.Shape[3].Symbol == "p" {
				seen = last
			}
			for head := range heads {
				copy(packed[(text*heads+head)*last:][:last], padded[(from*heads+head)*longest*seen:][:last])
			}
		case "R4": // [R, H, W, W] or [R, H, W, p]
			heads := int(shape[1])
			row, column := int(b.TokenRow[first]), int(b.TokenColumn[first])
			for head := range heads {
				for asks := range length {
					if spec.Shape[3].Symbol == "p" {
						kept := padded[((from*heads+head)*longest+asks)*last:][:last]
						copy(packed[((row*heads+head)*b.Width+column+asks)*last:], kept)
						continue
					}
					kept := padded[((from*heads+head)*longest+asks)*longest:][:length]
					copy(packed[((row*heads+head)*b.Width+column+asks)*b.Width+column:], kept)
				}
			}
		default:
			panic("no such mask: " + layout)
		}
	}
	return packed
}
