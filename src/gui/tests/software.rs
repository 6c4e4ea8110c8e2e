//! Draws what egui tessellates without a graphics card or its driver, so that a picture is
//! the same on every machine.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, ImageData, ImageDelta, Mesh, Primitive, Vertex};
use egui::{Color32, ColorImage, Context, FullOutput, Rect, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;
use image::RgbaImage;

/// Parts of a pixel to which corners are rounded, as graphics cards do.
const PARTS: f32 = 256.0;

/// The renderer of the tests.
#[derive(Default)]
pub(super) struct Software {
    textures: HashMap<TextureId, ColorImage>,
}

impl TestRenderer for Software {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for image in images {
                self.set(id, image);
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        self.draw(&primitives, [size.x.round() as usize, size.y.round() as usize], scale)
    }
}

impl Software {
    fn set(&mut self, id: TextureId, delta: ImageDelta) {
        let ImageData::Color(image) = delta.image;
        let Some([left, top]) = delta.pos else {
            self.textures.insert(id, (*image).clone());
            return;
        };
        let whole = self.textures.get_mut(&id).expect("a part of a texture that is not there");
        for (y, row) in image.pixels.chunks_exact(image.width()).enumerate() {
            let start = (top + y) * whole.width() + left;
            whole.pixels[start..start + row.len()].copy_from_slice(row);
        }
    }

    fn draw(
        &self,
        primitives: &[ClippedPrimitive],
        [width, height]: [usize; 2],
        scale: f32,
    ) -> Result<RgbaImage, String> {
        let mut canvas = Canvas { width, height, pixels: vec![[0; 4]; width * height] };
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else {
                return Err("something paints by itself".to_owned());
            };
            let texture = self.textures.get(&mesh.texture_id);
            let texture = texture.ok_or_else(|| format!("no texture {:?}", mesh.texture_id))?;
            canvas.mesh(mesh, texture, *clip_rect, scale);
        }
        let bytes = canvas.pixels.into_iter().flatten().collect();
        RgbaImage::from_raw(width as u32, height as u32, bytes).ok_or_else(|| "size".to_owned())
    }
}

/// The picture: premultiplied colours, blended as they are, which is what egui wants.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

/// A corner of a triangle: its place in parts of a pixel, in texels, and its colour.
#[derive(Clone, Copy)]
struct Corner {
    at: [i64; 2],
    uv: [f32; 2],
    color: [f32; 4],
}

/// The pixels that may be painted: from, and up to.
struct Clip {
    x: [i64; 2],
    y: [i64; 2],
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, scale: f32) {
        let pixel =
            |points: f32, most: usize| (points * scale).round().clamp(0.0, most as f32) as i64;
        let clip = Clip {
            x: [clip.min.x, clip.max.x].map(|x| pixel(x, self.width)),
            y: [clip.min.y, clip.max.y].map(|y| pixel(y, self.height)),
        };
        for corners in mesh.indices.chunks_exact(3) {
            let corner =
                |place: usize| corner(&mesh.vertices[corners[place] as usize], texture, scale);
            self.triangle([corner(0), corner(1), corner(2)], texture, &clip);
        }
    }

    fn triangle(&mut self, mut corners: [Corner; 3], texture: &ColorImage, clip: &Clip) {
        let area = cross(corners[0].at, corners[1].at, corners[2].at);
        if area == 0 {
            return;
        }
        if area < 0 {
            corners.swap(1, 2);
        }
        let [a, b, c] = corners;
        let is_plain = [b, c].iter().all(|it| it.uv == a.uv && it.color == a.color);
        let plain = is_plain.then(|| shade(a.uv, a.color, texture));
        let span = |axis: usize, limits: [i64; 2]| {
            let all = [a.at[axis], b.at[axis], c.at[axis]];
            let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
            (least.div_euclid(256)).max(limits[0])..(most.div_euclid(256) + 1).min(limits[1])
        };
        let weight = 1.0 / area.abs() as f32;
        let edges = [(b.at, c.at), (c.at, a.at), (a.at, b.at)];
        // A pixel on the edge of two triangles belongs to one of them.
        let bias = edges.map(|(from, to)| {
            let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
            if dy < 0 || (dy == 0 && dx > 0) { 0 } else { -1 }
        });
        let step = edges.map(|(from, to)| (from[1] - to[1]) * 256);
        let columns = span(0, clip.x);
        for y in span(1, clip.y) {
            let first = [columns.start * 256 + 128, y * 256 + 128];
            let mut inside = edges.map(|(from, to)| cross(from, to, first));
            for x in columns.clone() {
                if (0..3).all(|edge| inside[edge] + bias[edge] >= 0) {
                    let source = plain.unwrap_or_else(|| {
                        let share = inside.map(|inside| inside as f32 * weight);
                        let mix = |value: fn(&Corner, usize) -> f32, place| {
                            let of = |corner, share| value(corner, place) * share;
                            of(&a, share[0]) + of(&b, share[1]) + of(&c, share[2])
                        };
                        let uv = [0, 1].map(|place| mix(|it, place| it.uv[place], place));
                        let color = [0, 1, 2, 3].map(|it| mix(|it, place| it.color[place], it));
                        shade(uv, color, texture)
                    });
                    blend(&mut self.pixels[y as usize * self.width + x as usize], source);
                }
                for edge in 0..3 {
                    inside[edge] += step[edge];
                }
            }
        }
    }
}

fn corner(vertex: &Vertex, texture: &ColorImage, scale: f32) -> Corner {
    let [width, height] = texture.size;
    Corner {
        at: [vertex.pos.x, vertex.pos.y].map(|points| (points * scale * PARTS).round() as i64),
        uv: [vertex.uv.x * width as f32 - 0.5, vertex.uv.y * height as f32 - 0.5],
        color: vertex.color.to_array().map(f32::from),
    }
}

/// Twice the area of the triangle, positive if it turns to the right.
fn cross(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> i64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// `color` times the texture between the four texels around `uv`.
fn shade(uv: [f32; 2], color: [f32; 4], texture: &ColorImage) -> [u8; 4] {
    let [width, height] = texture.size;
    let [x, y] = uv.map(f32::floor);
    let (along, down) = (uv[0] - x, uv[1] - y);
    let texel = |dx: f32, dy: f32| -> [f32; 4] {
        let clamped = |at: f32, size: usize| at.clamp(0.0, (size - 1) as f32) as usize;
        let (x, y) = (clamped(x + dx, width), clamped(y + dy, height));
        Color32::to_array(&texture.pixels[y * width + x]).map(f32::from)
    };
    let taps = [texel(0.0, 0.0), texel(1.0, 0.0), texel(0.0, 1.0), texel(1.0, 1.0)];
    [0, 1, 2, 3].map(|it| {
        let between = |one: f32, other: f32, share: f32| one + (other - one) * share;
        let top = between(taps[0][it], taps[1][it], along);
        let bottom = between(taps[2][it], taps[3][it], along);
        (between(top, bottom, down) * color[it] / 255.0).round() as u8
    })
}

fn blend(under: &mut [u8; 4], over: [u8; 4]) {
    let rest = 255 - u32::from(over[3]);
    for (under, over) in under.iter_mut().zip(over) {
        let kept = (u32::from(*under) * rest + 127) / 255;
        *under = (kept + u32::from(over)).min(255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use egui::TextureOptions;
    use egui::epaint::WHITE_UV;
    use egui::{Rect, pos2, vec2};

    use super::*;

    const TEXTURE: TextureId = TextureId::Managed(0);
    const HALF: Color32 = Color32::from_rgba_premultiplied(100, 50, 0, 128);

    fn paint(software: &Software, mesh: Mesh, clip: Rect) -> RgbaImage {
        let primitive = ClippedPrimitive { clip_rect: clip, primitive: Primitive::Mesh(mesh) };
        software.draw(&[primitive], [20, 10], 1.0).unwrap()
    }

    fn with_texture(texels: ColorImage) -> Software {
        let mut software = Software::default();
        software.set(TEXTURE, ImageDelta::full(texels, TextureOptions::LINEAR));
        software
    }

    #[test]
    fn triangles_side_by_side_paint_each_pixel_once_and_only_inside_their_clip() {
        let software = with_texture(ColorImage::filled([1, 1], Color32::WHITE));
        let mut mesh = Mesh::with_texture(TEXTURE);
        // A fan with slanted inner edges, at places between the pixels.
        let rim =
            [(-3.3, -1.0), (9.7, -2.0), (25.0, -4.1), (24.0, 14.0), (7.2, 13.0), (-5.0, 12.0)];
        for (x, y) in std::iter::once((8.37, 4.81)).chain(rim) {
            mesh.vertices.push(Vertex { pos: pos2(x, y), uv: WHITE_UV, color: HALF });
        }
        for place in 1..=6 {
            mesh.indices.extend([0, place, place % 6 + 1]);
        }
        let clip = Rect::from_min_max(pos2(2.0, 1.0), pos2(18.4, 8.0));
        let picture = paint(&software, mesh, clip);
        for (x, y, pixel) in picture.enumerate_pixels() {
            let is_inside = (2..18).contains(&x) && (1..8).contains(&y);
            let wanted = if is_inside { HALF.to_array() } else { [0; 4] };
            assert_eq!(pixel.0, wanted, "{x}, {y}");
        }
    }

    #[test]
    fn a_texture_is_shown_texel_by_texel_also_where_a_part_of_it_has_changed() {
        let texels = |size: [usize; 2], first: u8| {
            let gray = (0..size[0] * size[1]).map(|it| Color32::from_gray(first + it as u8));
            ColorImage::new(size, gray.collect())
        };
        let mut software = with_texture(texels([8, 4], 1));
        let part = ImageDelta::partial([3, 1], texels([2, 2], 200), TextureOptions::LINEAR);
        software.set(TEXTURE, part);
        let mut mesh = Mesh::with_texture(TEXTURE);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        mesh.add_rect_with_uv(
            Rect::from_min_size(pos2(5.0, 2.0), vec2(8.0, 4.0)),
            whole,
            Color32::WHITE,
        );
        let picture = paint(&software, mesh, Rect::EVERYTHING);
        for (y, x) in (0..4).flat_map(|y| (0..8).map(move |x| (y, x))) {
            let is_part = (3..5).contains(&x) && (1..3).contains(&y);
            let wanted = if is_part { 200 + (y - 1) * 2 + x - 3 } else { 1 + y * 8 + x };
            assert_eq!(u32::from(picture.get_pixel(5 + x, 2 + y).0[0]), wanted, "{x}, {y}");
        }
    }

    #[test]
    fn colors_are_premultiplied_and_mixed_as_they_are() {
        let mut pixel = [200, 100, 50, 255];
        blend(&mut pixel, HALF.to_array());
        assert_eq!(pixel, [200, 100, 25, 255]);
        // Without an alpha, light is added.
        blend(&mut pixel, [10, 200, 0, 0]);
        assert_eq!(pixel, [210, 255, 25, 255]);
    }
}
