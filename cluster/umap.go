package cluster

import (
	"context"
	"math"
	"math/rand/v2"

	"mslora/internal/hint"
)

// UMAP's curve 1/(1 + a·d^(2b)) for min_dist 0 and spread 1: the least-squares fit to e^(−d) at 300 places from 0 to 3.
const (
	curveA = 1.9328083980
	curveB = 0.7904949737
)

// What UMAP's reference has as defaults.
const (
	pushesEach   = 5    // points that a point is pushed from, for each that it is pulled to
	longestStep  = 4.0  // of a point in a direction, at learning rate 1
	initialWidth = 10.0 // of the picture that it begins with
	initialNoise = 1e-4 // standard deviation, as doubles would never part
)

// UMAPOptions say how a picture is made.
type UMAPOptions struct {
	Neighbours int // n_neighbors: of each point, itself among them
	Seed       uint64
	Threads    int
	// Progress is told before each round, of how many; may be nil.
	Progress func(round, of int)
}

// UMAP draws points [n][d] in the plane so that neighbours stay neighbours (McInnes, Healy and Melville 2018), with min_dist 0: the groups
// are as dense as they can be. It gives [n][2].
//
// It is umap-learn's n_components=2, min_dist=0, init="pca", with the true nearest neighbours for any number of points and a stream of
// random numbers of its own. The first two coordinates of the points are the picture that it begins with, so they have to be principal
// components, as Components gives them.
func UMAP(ctx context.Context, points [][]float64, o UMAPOptions) ([][]float64, error) {
	if len(points) < o.Neighbours {
		return nil, hint.New("give more texts, or ask for fewer neighbours", "%d points have no %d neighbours each", len(points), o.Neighbours)
	}
	rounds := 500
	if len(points) > 10_000 {
		rounds = 200
	}
	links := fuzzyLinks(Nearest(points, o.Neighbours, o.Threads), o.Threads)
	random := rand.New(rand.NewPCG(o.Seed, 0))
	picture := initialPicture(points, random)
	if err := layout(ctx, picture, links, rounds, random, o.Progress); err != nil {
		return nil, err
	}
	drawn := make([][]float64, len(picture))
	for i, p := range picture {
		drawn[i] = []float64{p.x, p.y}
	}
	return drawn, nil
}

// place is a point of the picture.
type place struct{ x, y float64 }

// initialPicture scales the first two coordinates.
func initialPicture(points [][]float64, random *rand.Rand) []place {
	widest := math.SmallestNonzeroFloat64
	for _, p := range points {
		widest = max(widest, math.Abs(p[0]), math.Abs(p[1]))
	}
	picture := make([]place, len(points))
	low, high := place{math.Inf(1), math.Inf(1)}, place{math.Inf(-1), math.Inf(-1)}
	for i, p := range points {
		at := place{initialWidth*p[0]/widest + initialNoise*random.NormFloat64(), initialWidth*p[1]/widest + initialNoise*random.NormFloat64()}
		low, high = place{min(low.x, at.x), min(low.y, at.y)}, place{max(high.x, at.x), max(high.y, at.y)}
		picture[i] = at
	}
	for i, p := range picture {
		picture[i] = place{initialWidth * (p.x - low.x) / (high.x - low.x), initialWidth * (p.y - low.y) / (high.y - low.y)}
	}
	return picture
}

// pull is a link as the layout takes it up: every so many rounds.
type pull struct {
	from, to int32
	every    float64 // rounds
	nextPush float64 // round
}

// schedule takes up the strongest link in every round and others as often as they are strong: next is the round of each. Links that
// would not come up are left out.
func schedule(links []link, rounds int) (pulls []pull, next []float64) {
	strongest := 0.0
	for _, l := range links {
		strongest = max(strongest, l.strength)
	}
	for _, l := range links {
		if l.strength < strongest/float64(rounds) {
			continue
		}
		every := strongest / l.strength
		pulls, next = append(pulls, pull{int32(l.from), int32(l.to), every, every / pushesEach}), append(next, every)
	}
	return pulls, next
}

// layout moves the points: stochastic gradient descent on the cross-entropy between the links and the curve's, with a step that falls
// linearly to 0.
func layout(ctx context.Context, picture []place, links []link, rounds int, random *rand.Rand, progress func(round, of int)) error {
	pulls, next := schedule(links, rounds)
	raise := newPower(curveB)
	for round := range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		if progress != nil {
			progress(round, rounds)
		}
		rate, now := 1-float64(round)/float64(rounds), float64(round)
		for k, due := range next {
			if due > now {
				continue
			}
			p := &pulls[k]
			at, to := picture[p.from], picture[p.to]
			if d := at.squared(to); d > 0 {
				raised := raise.of(d)
				at, to = at.moved(to, -2*curveA*curveB*raised/d/(curveA*raised+1), rate)
				picture[p.to] = to
			}
			next[k] += p.every
			every := p.every / pushesEach
			pushes := int((now - p.nextPush) / every)
			for range pushes {
				j := int32(random.IntN(len(picture)))
				other := picture[j]
				if d := at.squared(other); d > 0 && j != p.from {
					at, _ = at.moved(other, 2*curveB/((0.001+d)*(curveA*raise.of(d)+1)), rate)
				}
			}
			p.nextPush += float64(pushes) * every
			picture[p.from] = at
		}
	}
	return nil
}

// squared is the squared distance to another place.
func (p place) squared(q place) float64 { return (p.x-q.x)*(p.x-q.x) + (p.y-q.y)*(p.y-q.y) }

// moved gives both places after a step along the line between them, by a factor and a learning rate: towards each other if it is negative.
func (p place) moved(q place, factor, rate float64) (place, place) {
	x, y := rate*bounded(factor*(p.x-q.x)), rate*bounded(factor*(p.y-q.y))
	return place{p.x + x, p.y + y}, place{q.x - x, q.y - y}
}

func bounded(step float64) float64 { return min(max(step, -longestStep), longestStep) }
