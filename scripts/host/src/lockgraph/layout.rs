//! Where classes and edges go in the picture: in layers, outer classes above inner ones.
//!
//! The usual way (Sugiyama): edges that would close a circle are set aside; a class is one layer below the lowest that leads
//! to it; an edge that passes a layer gets a place in it, so that no line runs through a box; and in each layer everything
//! is moved to the middle of what it is connected with, a few times.

/// Height of a layer with the gap below it, in pixels.
const LAYER: f64 = 120.0;
/// Height of a box.
pub(super) const BOX: f64 = 40.0;
/// Space beside boxes.
const GAP: f64 = 36.0;
/// Width of the place of a line that passes a layer.
const LINE: f64 = 24.0;
const MARGIN: f64 = 60.0;
const SWEEPS: usize = 12;

pub(super) type Point = (f64, f64);

/// A picture without its colours.
#[derive(Debug)]
pub(super) struct Layout {
    /// The middle of each box.
    pub(super) boxes: Vec<Point>,
    /// The points each line goes through, from box to box. A line that goes back up has two.
    pub(super) lines: Vec<Vec<Point>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Something that takes up space in a layer: a box, or a line on its way past it.
struct Place {
    layer: usize,
    width: f64,
    x: f64,
}

/// Places boxes of the given widths and the lines between them, those first that decide which box is above which.
pub(super) fn place(widths: &[f64], edges: &[(usize, usize)]) -> Layout {
    let down = without_circles(widths.len(), edges);
    let layers = layers(widths.len(), edges, &down);
    let mut places: Vec<_> = layers.iter().zip(widths).map(|(&layer, &width)| Place { layer, width, x: 0.0 }).collect();
    // The places each line goes through, its ends included.
    let routes: Vec<Vec<usize>> = edges
        .iter()
        .zip(&down)
        .map(|(&(from, to), &down)| {
            let mut route = vec![from];
            for layer in if down { layers[from] + 1..layers[to] } else { 0..0 } {
                route.push(places.len());
                places.push(Place { layer, width: LINE, x: 0.0 });
            }
            route.push(to);
            route
        })
        .collect();
    let straight: Vec<_> = routes.iter().zip(&down).filter(|(_, down)| **down).map(|(route, _)| route).collect();
    arrange(&mut places, &straight);
    let middle = |place: &Place| {
        #[expect(clippy::cast_precision_loss, reason = "a handful of layers")]
        let layer = place.layer as f64;
        (place.x, MARGIN + BOX / 2.0 + layer * LAYER)
    };
    let boxes: Vec<_> = places[..widths.len()].iter().map(middle).collect();
    let through = |route: &Vec<usize>| route.iter().map(|&place| middle(&places[place])).collect();
    let mut lines: Vec<Vec<Point>> = routes.iter().map(through).collect();
    spread(&mut lines, &routes, widths, &down);
    let right = places.iter().map(|place| place.x + place.width / 2.0).fold(0.0, f64::max);
    let bottom = boxes.iter().map(|point| point.1).fold(0.0, f64::max);
    Layout { boxes, lines, width: right + MARGIN, height: bottom + BOX / 2.0 + MARGIN }
}

/// Which edges lead down: each that does not close a circle with those before it.
fn without_circles(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut reaches = vec![vec![false; count]; count];
    let mut down = Vec::new();
    for &(from, to) in edges {
        let closes = from == to || reaches[to][from];
        down.push(!closes);
        if closes {
            continue;
        }
        let after: Vec<usize> = (0..count).filter(|&at| at == to || reaches[to][at]).collect();
        for before in (0..count).filter(|&at| at == from || reaches[at][from]).collect::<Vec<_>>() {
            after.iter().for_each(|&at| reaches[before][at] = true);
        }
    }
    down
}

/// The layer of each box: as high as its edges let it, but sources right above the first they lead to.
fn layers(count: usize, edges: &[(usize, usize)], down: &[bool]) -> Vec<usize> {
    let down = || edges.iter().zip(down).filter(|(_, down)| **down).map(|(edge, _)| *edge);
    let mut layers = vec![0; count];
    for _ in 0..count {
        down().for_each(|(from, to)| layers[to] = layers[to].max(layers[from] + 1));
    }
    for at in (0..count).filter(|&at| down().all(|(_, to)| to != at)) {
        let first = down().filter(|(from, _)| *from == at).map(|(_, to)| layers[to]).min();
        layers[at] = first.map_or(0, |first| first - 1);
    }
    layers
}

/// Moves everything in each layer to the middle of what it is connected with, above and below in turn.
fn arrange(places: &mut [Place], routes: &[&Vec<usize>]) {
    let last = places.iter().map(|place| place.layer).max().unwrap_or(0);
    let steps: Vec<(usize, usize)> =
        routes.iter().flat_map(|route| route.windows(2).map(|two| (two[0], two[1]))).collect();
    for layer in 0..=last {
        pack(places, layer);
    }
    for sweep in 0..SWEEPS {
        for layer in 0..=last {
            let (layer, upward) = if sweep % 2 == 0 { (layer, false) } else { (last - layer, true) };
            let wanted: Vec<(usize, f64)> = (0..places.len())
                .filter(|&at| places[at].layer == layer)
                .map(|at| {
                    let near = steps.iter().filter_map(|&(above, below)| match upward {
                        true => (above == at).then_some(below),
                        false => (below == at).then_some(above),
                    });
                    let near: Vec<f64> = near.map(|other| places[other].x).collect();
                    (at, mean(&near).unwrap_or(places[at].x))
                })
                .collect();
            wanted.into_iter().for_each(|(at, x)| places[at].x = x);
            pack(places, layer);
        }
    }
    let left = places.iter().map(|place| place.x - place.width / 2.0).fold(f64::INFINITY, f64::min);
    places.iter_mut().for_each(|place| place.x += MARGIN - left);
}

fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a handful of neighbours")]
    let count = values.len() as f64;
    (count > 0.0).then(|| values.iter().sum::<f64>() / count)
}

/// Pushes the places of a layer apart until none overlap, in the order of their wishes, and keeps their centre.
fn pack(places: &mut [Place], layer: usize) {
    let mut row: Vec<usize> = (0..places.len()).filter(|&at| places[at].layer == layer).collect();
    row.sort_by(|&a, &b| places[a].x.total_cmp(&places[b].x));
    let wish = mean(&row.iter().map(|&at| places[at].x).collect::<Vec<_>>()).unwrap_or(0.0);
    for two in 1..row.len() {
        let (left, right) = (row[two - 1], row[two]);
        let least = places[left].x + (places[left].width + places[right].width) / 2.0 + GAP;
        places[right].x = places[right].x.max(least);
    }
    let got = mean(&row.iter().map(|&at| places[at].x).collect::<Vec<_>>()).unwrap_or(0.0);
    row.into_iter().for_each(|at| places[at].x += wish - got);
}

/// Gives the lines that leave or enter a box different places on its edge.
fn spread(lines: &mut [Vec<Point>], routes: &[Vec<usize>], widths: &[f64], down: &[bool]) {
    for (at, width) in widths.iter().enumerate() {
        for leaving in [true, false] {
            let is_here = |line: &usize| {
                let end = if leaving { routes[*line].first() } else { routes[*line].last() };
                down[*line] && end == Some(&at)
            };
            let next = |line: &[Point]| if leaving { line[1] } else { line[line.len() - 2] };
            let mut here: Vec<usize> = (0..lines.len()).filter(is_here).collect();
            here.sort_by(|&a, &b| next(&lines[a]).0.total_cmp(&next(&lines[b]).0));
            #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
            let step = width / (here.len() + 1) as f64;
            let mut x = -width / 2.0;
            for line in here {
                x += step;
                let end = if leaving { 0 } else { lines[line].len() - 1 };
                let side = if leaving { BOX / 2.0 } else { -BOX / 2.0 };
                lines[line][end].0 += x;
                lines[line][end].1 += side;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_classes_are_above_inner_ones_and_nothing_overlaps() {
        let edges = [(0, 1), (1, 2), (2, 3), (0, 3), (4, 3), (3, 0), (2, 2)];
        let layout = place(&[100.0; 6], &edges);
        assert_eq!(without_circles(6, &edges), [true, true, true, true, true, false, false]);
        for (line, _) in layout.lines.iter().zip(edges).take(5) {
            assert!(line.is_sorted_by(|a, b| a.1 < b.1), "{line:?}");
        }
        // The long way past two layers has a point in each.
        assert_eq!(layout.lines[3].len(), 4);
        // A source stands right above what it leads to.
        assert!((layout.boxes[4].1 - layout.boxes[2].1).abs() < 1.0);
        for (i, a) in layout.boxes.iter().enumerate() {
            for b in &layout.boxes[..i] {
                assert!((a.0 - b.0).abs() > 100.0 || (a.1 - b.1).abs() > BOX, "{a:?} {b:?}");
            }
            assert!(a.0 > 50.0 && a.0 < layout.width && a.1 < layout.height);
        }
    }
}
