/** English text about a heart's axis that a person shows. */
export const axis = {
  axis: {
    none: "The study does not say where the heart is. Show its long axis, and the polar maps are made of it.", shown: "Made along the axis that was shown here. Another one can be shown.",
    apex: "The apex is at the cursor", apexWhere: "The tip of the left ventricle.", base: "The base is at the cursor", baseWhere: "The middle of its open end.", at: "At voxel {{voxel}}",
    make: "Make the polar maps", again: "Make them again", move: "Move the cursor in the images first.", note: "17 segments (AHA) in points; 100 is the mean of the three highest. Highest counts along rays from the axis: it depends on where the axis was shown.",
  },
};
